// Owns the gate: an HTTP front on 127.0.0.1 that admits only unexpired tokens of the AWS stand-in and answers as
// ECR does. Behind it is a real registry where one is installed; without one it answers `/v2/` alone.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AwsStandIn } from './aws.js';
import { forwardRequest } from './forward-request.js';
import { playFault, sendJson, sendText, startLocalServer, type Fault } from './local-server.js';
import { pushSampleImage, SAMPLE_IMAGE } from './registry/sample-image.js';
import { startRegistryStorage } from './registry/storage.js';

export { SAMPLE_OUTPUT } from './registry/sample-image.js';

/** One request to the gate, as recorded. */
export interface RegistryRequest {
  method: string;
  path: string;
  /** Whether it had an Authorization header. */
  authorized: boolean;
  /** The password of that header; undefined when there is none. */
  password: string | undefined;
  /** What was answered; undefined while it is under way, dropped or hung. */
  status: number | undefined;
}

/** Decides for each request whether it goes wrong. */
export type RegistryFaultHook = (request: RegistryRequest) => Fault | undefined;

/** A running registry. */
export interface Registry {
  /** `127.0.0.1:PORT`: the host of the connection and of image names. */
  host: string;
  url: string;
  hasRealRegistry: boolean;
  /** Every request, oldest first. */
  requests: RegistryRequest[];
  setFault(hook: RegistryFaultHook | undefined): void;
  /**
   * Puts the sample image into the registry and returns its name, `HOST/sandbox/hello:latest`. It prints
   * SAMPLE_OUTPUT and exits with 0. Undefined without a real registry.
   */
  pushSampleImage: (() => Promise<string>) | undefined;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface RegistryOptions {
  /** Whose tokens are admitted. */
  aws: Pick<AwsStandIn, 'check' | 'find'>;
  /** Images, configuration and log of the real registry lie here. */
  stateFolder: string;
  /** When given, tokens of other regions are refused with 400, as ECR does. */
  region?: string | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** False: no real registry behind the gate even where one is installed. Default true. */
  storage?: boolean | undefined;
}

/** Starts the gate, and the real registry behind it where one is installed. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const storage = options.storage === false ? undefined : await startRegistryStorage(options.stateFolder);
  const requests: RegistryRequest[] = [];
  let hook: RegistryFaultHook | undefined;
  let host = '';

  const gate = await startLocalServer(async (request, response) => {
    const credentials = basicCredentials(request.headers.authorization);
    const record: RegistryRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorized: request.headers.authorization !== undefined,
      password: credentials?.password,
      status: undefined,
    };
    requests.push(record);
    response.once('finish', () => (record.status = response.statusCode));
    if (await playFault(hook?.(record), response)) return; // with its own headers alone: it may be a proxy's page
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    if (refuse(credentials, host, options, response)) return;
    if (storage === undefined) answerAlone(record, response);
    else forwardRequest(request, response, storage.port, withoutAuthorization(request.headers));
  }, options.port).catch(async (error: unknown) => {
    await storage?.stop();
    throw error;
  });
  host = `127.0.0.1:${gate.port}`;

  return {
    host,
    url: gate.url,
    hasRealRegistry: storage !== undefined,
    requests,
    setFault: (next) => void (hook = next),
    pushSampleImage:
      storage &&
      (async () => {
        await pushSampleImage(storage.url);
        return `${host}/${SAMPLE_IMAGE.repository}:${SAMPLE_IMAGE.tag}`;
      }),
    stop: async () => {
      await Promise.all([gate.stop(), storage?.stop()]);
    },
  };
}

function basicCredentials(header: string | undefined): { user: string; password: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** Answers a request that ECR would not admit; false when it is admitted. */
function refuse(
  credentials: { user: string; password: string } | undefined,
  host: string,
  options: RegistryOptions,
  response: ServerResponse,
): boolean {
  if (credentials?.user !== 'AWS') {
    const challenge = `Basic realm="https://${host}/",service="ecr.amazonaws.com"`;
    sendText(response, 401, 'Not Authorized\n', { 'Www-Authenticate': challenge });
    return true;
  }
  const token = options.aws.find(credentials.password);
  if (token !== undefined && options.region !== undefined && token.region !== options.region) {
    sendText(response, 400, '');
    return true;
  }
  // ECR says "expired" of every password that it does not know, too
  if (token?.service !== 'ecr' || options.aws.check(credentials.password) !== 'valid') {
    const message = 'Your authorization token has expired. Reauthenticate and try again.';
    sendJson(response, 403, { errors: [{ code: 'DENIED', message }] });
    return true;
  }
  return false;
}

/** What lies behind the gate asks for no password, and need not see one. */
function withoutAuthorization(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { authorization: _, ...rest } = headers;
  return rest;
}

function answerAlone(request: RegistryRequest, response: ServerResponse): void {
  if (request.path === '/v2/' || request.path === '/v2') {
    sendJson(response, 200, {});
    return;
  }
  const message = 'There is no real registry behind this gate.';
  sendJson(response, 404, { errors: [{ code: 'NAME_UNKNOWN', message }] });
}
