// Sends requests to Airflow on Amazon MWAA through AWS's InvokeRestApi. Error responses of AWS may repeat the
// request, so only their names and status codes are read.
import { z } from 'zod';
import { getPartition } from '../../refresh/aws-regions.js';
import { toAwsFailure } from '../../aws/aws-error.js';
import type { AwsSessions } from '../../aws/aws-sessions.js';
import { createRequestSigner } from '../../aws/request-signer.js';
import type { HttpClient, HttpResponse } from '../../net/http.js';
import type { RefreshFailure } from '../../refresh/failures.js';
import { STORE_REMEDIES } from '../../refresh/remedies/store.js';
import type { Principal } from '../../refresh/token-group.js';
import { failure, toFrontFailure, toRequestFailure } from './response-errors.js';
import { hasAirflowFormat, isLoginRejected } from './response-texts.js';
import type { AirflowApi, ApiRequest, ApiResponse } from './transport.js';

/** AWS cancels its call to Airflow after 10 s and then responds. */
const REQUEST_TIMEOUT_MS = 12_000;
/** AWS's limit for a response from Airflow. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/** Half of the usual size, so that the smallest web server also finishes within 10 s. */
const BULK = { connections: 50, bytes: 256 * 1024 } as const;

const WRAPPED = z.object({ RestApiStatusCode: z.number().int(), RestApiResponse: z.unknown().optional() });

export interface MwaaEnvironment {
  /** Name of the environment. */
  readonly environment: string;
  readonly region: string;
  /** Whose credentials sign the requests. */
  readonly principal: Principal;
}

/** Serves both API versions: InvokeRestApi adds /api/v2 or /api/v1. Credentials are reused while AWS accepts them. */
export function createMwaaTransport(
  mwaa: MwaaEnvironment,
  http: HttpClient,
  aws: AwsSessions,
): Omit<AirflowApi, 'major'> {
  const signer = createRequestSigner(aws, { service: 'airflow', ...mwaa });

  async function send(given: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const request: ApiRequest = { ...given, via: 'MWAA' };
    const endpoint = getEndpoint(mwaa.region);
    if (!URL.canParse(endpoint)) {
      const reason = 'AWS_ENDPOINT_URL_MWAA or AWS_ENDPOINT_URL is not a valid URL';
      throw failure('StoreUnreachable', request, reason, undefined, STORE_REMEDIES.fixMwaaEndpoint);
    }
    const url = new URL(`${endpoint}/restapi/${encodeURIComponent(mwaa.environment)}`);
    const { method, path, query, json: body } = request;
    const json = { Path: path, Method: method, QueryParameters: query, Body: body };
    const headers = await signer.sign({ method: 'POST', url, body: JSON.stringify(json) }, signal);
    try {
      const response = await http.send({
        method: 'POST',
        url: url.href,
        headers,
        json,
        timeoutMs: REQUEST_TIMEOUT_MS,
        maxResponseBytes: MAX_RESPONSE_BYTES,
        signal,
      });
      const name = getErrorName(response);
      if (isWrapped(response.status, name)) return unwrap(request, name, response);
      const known = toMwaaFailure(request, signer.source, name, response.status);
      throw known ?? toCallerFailure(request, mwaa, name, response.status, await signer.readArn(signal));
    } catch (error) {
      const cause = toRequestFailure(request, error);
      // Static credentials from a file are cached; after a rejection the file is read again.
      if (cause.type === 'AwsCredentialsRejected') signer.forget();
      throw cause;
    }
  }

  return { bulk: BULK, send, readPrincipal: signer.readArn };
}

/** Same order as in the AWS SDK: the variable of the service, the variable of all services, AWS's host. */
function getEndpoint(region: string): string {
  const { AWS_ENDPOINT_URL_MWAA, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS } = process.env;
  const configured =
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true' ? undefined : AWS_ENDPOINT_URL_MWAA || AWS_ENDPOINT_URL;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return configured?.replace(/\/+$/, '') ?? `https://env.airflow.${region}.${suffix}`;
}

/** Airflow's responses below 400 arrive with status 200, the others as one of these two exceptions. */
function isWrapped(status: number, name: string): boolean {
  return status === 200 || name === 'RestApiClientException' || name === 'RestApiServerException';
}

/** Returns Airflow's response. @throws RefreshFailure when AWS did not get one, or Airflow rejects the login of MWAA */
function unwrap(request: ApiRequest, name: string, { status, json }: HttpResponse): ApiResponse {
  const { success, data } = WRAPPED.safeParse(json);
  if (!success) {
    // Observed when the web server did not respond to AWS in time.
    if (name === 'RestApiServerException') throw webServerUnavailable(request, status);
    const reason = name === '' ? 'the response is not from AWS' : 'MWAA returned no response of Airflow';
    throw toFrontFailure(request, reason, status);
  }
  const response = { request, status: data.RestApiStatusCode, json: data.RestApiResponse };
  // Airflow's own server error is 500.
  if (response.status > 500 && !hasAirflowFormat(response)) {
    throw webServerUnavailable(request, response.status);
  }
  // MWAA logs in itself: no account can be locked.
  if (isLoginRejected(response) && hasAirflowFormat(response)) {
    throw toFrontFailure(request, 'Airflow rejected the login of MWAA', response.status);
  }
  return response;
}

function webServerUnavailable(request: ApiRequest, status: number): RefreshFailure {
  const reason = 'the web server of the MWAA environment is unavailable, or did not respond within 10 s';
  return toFrontFailure(request, reason, status);
}

/**
 * Failures that do not depend on the principal.
 * @param source of the credentials
 * @param name of the error of AWS; empty when the response is not from AWS
 */
function toMwaaFailure(
  request: ApiRequest,
  source: string,
  name: string,
  status: number,
): RefreshFailure | undefined {
  const isForeign = name === '' && status < 500 && status !== 429;
  if (isForeign) {
    return toFrontFailure(
      request,
      `this ${status} is not from AWS; check for a proxy in front of it`,
      status,
    );
  }
  const $response = { headers: name === '' ? {} : { 'x-amzn-errortype': name } };
  const known = toAwsFailure(source, { name, $metadata: { httpStatusCode: status }, $response });
  if (known.type === 'AwsCredentialsRejected') return known;
  if (known.type === 'AwsThrottled') {
    const reason = name === '' ? 'requests are rate-limited (429)' : 'AWS throttled InvokeRestApi';
    return failure('StoreThrottled', request, reason, status);
  }
  if (known.type !== 'AwsUnavailable') return undefined;
  if (status < 500) return toFrontFailure(request, 'the request did not arrive completely at AWS', status);
  // The load balancers of AWS return pages as well.
  const who = name === '' ? 'AWS or a proxy in front of it' : 'AWS';
  return toFrontFailure(request, `server error from ${who}`, status);
}

/** Failures whose cause may be the wrong principal. @param arn of the principal; null if it is not known */
function toCallerFailure(
  request: ApiRequest,
  { environment, region, principal }: MwaaEnvironment,
  name: string,
  status: number,
  arn: string | null,
): RefreshFailure {
  const caller = arn ?? describePrincipal(principal);
  if (name === 'AccessDeniedException' || status === 403) {
    const account = arn?.split(':')[4] ?? '<account>';
    const resource = `arn:${getPartition(region).name}:airflow:${region}:${account}:role/${environment}/Op`;
    const reason = `${caller} is not authorized to call airflow:InvokeRestApi on ${resource}`;
    return failure('StoreForbidden', request, reason, status, STORE_REMEDIES.allowMwaa);
  }
  if (name === 'ResourceNotFoundException' || status === 404) {
    const reason = `MWAA has no environment ${environment} in ${region}, in the account of ${caller}`;
    return failure('StoreRequestRejected', request, reason, status, STORE_REMEDIES.fixMwaaEnvironment);
  }
  const reason =
    'MWAA rejected the request; ids must have at most 51 characters, and the environment must be up to date';
  return failure('StoreRequestRejected', request, reason, status);
}

function describePrincipal(principal: Principal): string {
  if (principal.kind === 'default') return 'the AWS principal of the worker';
  return principal.kind === 'profile' ? `the principal of profile ${principal.profile}` : principal.roleArn;
}

/** The error name is in the header or in the body; AWS may add a namespace before the name and a URL after it. */
function getErrorName(response: HttpResponse): string {
  const type = (response.json as { __type?: unknown } | null | undefined)?.__type;
  const name = response.header('x-amzn-errortype') ?? (typeof type === 'string' ? type : '');
  return name.replace(/:.*$/, '').replace(/^.*#/, '');
}
