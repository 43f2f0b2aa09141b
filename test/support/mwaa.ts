// A stand-in for Amazon MWAA's InvokeRestApi: it forwards requests to an Airflow and wraps the responses, as AWS does.
// The format of the signature and the body hash are checked; the signature itself is not verified.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { playFault, type Fault } from './fault.js';
import { readText, sendJson, startLocalServer } from '../../sandbox/local-server.js';

/** A recorded call. */
export interface MwaaCall {
  environment: string;
  /** From the credential scope of the signature. */
  region: string;
  accessKeyId: string;
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
}

/** A running MWAA stand-in. */
export interface MwaaStandIn {
  url: string;
  /** Environment variables for the process that uses it, without credentials. */
  env: { AWS_ENDPOINT_URL_MWAA: string };
  /** Every signed call, oldest first. */
  calls: MwaaCall[];
  setFault(hook: ((call: MwaaCall) => Fault | undefined) | undefined): void;
  stop: () => Promise<void>;
}

export interface MwaaOptions {
  environment: string;
  region: string;
  /** The URL of the Airflow behind it, including `/api/v2` or `/api/v1`. */
  api: string;
  /** Returns the Authorization header for this Airflow; called for each request. */
  authorize: () => Promise<string>;
  /** Default 10 s, as in AWS. */
  timeLimitMs?: number | undefined;
}

const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/airflow\/aws4_request, ?SignedHeaders=[^,]*host[^,]*, ?Signature=[0-9a-f]{64}$/;

interface Answer {
  status: number;
  type?: string;
  body: object;
}

/** Starts the MWAA stand-in. */
export async function startMwaaStandIn(options: MwaaOptions): Promise<MwaaStandIn> {
  const calls: MwaaCall[] = [];
  let hook: ((call: MwaaCall) => Fault | undefined) | undefined;
  const server = await startLocalServer(async (request, response) => {
    const text = await readText(request);
    const call = readCall(request, text);
    if (call) {
      calls.push(call);
      if (await playFault(hook?.(call), response)) return;
    }
    const answer = call
      ? await answerCall(options, call)
      : refusal(403, 'InvalidSignatureException', 'The request signature we calculated does not match');
    const headers: Record<string, string> =
      answer.type === undefined ? {} : { 'x-amzn-ErrorType': answer.type };
    sendJson(response, answer.status, answer.body, headers);
  });
  return {
    url: server.url,
    env: { AWS_ENDPOINT_URL_MWAA: server.url },
    calls,
    setFault: (next) => void (hook = next),
    stop: server.stop,
  };
}

function refusal(status: number, type: string, message: string): Answer {
  return { status, type, body: { message } };
}

function readCall(request: IncomingMessage, text: string): MwaaCall | undefined {
  const signature = SIGNATURE.exec(request.headers.authorization ?? '');
  const hash = createHash('sha256').update(text).digest('hex');
  if (!signature || request.headers['x-amz-content-sha256'] !== hash) return undefined;
  const input = JSON.parse(text) as {
    Method: string;
    Path: string;
    QueryParameters?: object;
    Body?: unknown;
  };
  const environment = /^\/restapi\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? '';
  return {
    environment: request.method === 'POST' ? decodeURIComponent(environment) : '',
    accessKeyId: signature[1] ?? '',
    region: signature[2] ?? '',
    method: input.Method,
    path: input.Path,
    query: { ...input.QueryParameters },
    body: input.Body,
  };
}

async function answerCall(options: MwaaOptions, call: MwaaCall): Promise<Answer> {
  if (call.environment !== options.environment || call.region !== options.region) {
    return refusal(404, 'ResourceNotFoundException', 'The environment does not exist');
  }
  if (call.path.length > 64) {
    return refusal(400, 'ValidationException', 'Path: length must be less than or equal to 64');
  }
  const query = new URLSearchParams(call.query).toString();
  let status: number;
  let json: unknown;
  try {
    const answer = await fetch(`${options.api}${call.path}${query && `?${query}`}`, {
      method: call.method,
      headers: { 'Content-Type': 'application/json', Authorization: await options.authorize() },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: AbortSignal.timeout(options.timeLimitMs ?? 10_000),
    });
    status = answer.status;
    json = await answer.json().catch(() => null);
  } catch {
    return refusal(400, 'RestApiServerException', 'The web server did not answer in time');
  }
  const body = { RestApiStatusCode: status, RestApiResponse: json };
  if (status < 400) return { status: 200, body };
  const type = status < 500 ? 'RestApiClientException' : 'RestApiServerException';
  return { status: 400, type, body };
}
