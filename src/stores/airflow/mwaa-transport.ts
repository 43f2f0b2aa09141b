// Requests to an Airflow of Amazon MWAA by AWS's InvokeRestApi. Its responses may repeat the request, so only names and
// status codes of them are read.
import { z } from 'zod';
import { toAwsFailure } from '../../aws/aws-error.js';
import type { AwsSessions } from '../../aws/aws-sessions.js';
import { createRequestSigner } from '../../aws/request-signer.js';
import type { HttpClient, HttpResponse } from '../../net/http.js';
import type { RefreshFailure } from '../../refresh/failures.js';
import { failure, notAirflow, toRequestFailure } from './response-errors.js';
import type { AirflowApi, ApiRequest, ApiResponse } from './transport.js';

/** AWS itself ends the call to Airflow after 10 s, and responds then. */
const REQUEST_TIMEOUT_MS = 12_000;
/** AWS's limit for a response of Airflow. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/** Within the 10 s also on the smallest web server: half of what is sent elsewhere. */
const BULK = { connections: 50, bytes: 256 * 1024 } as const;

const ACCESS_REMEDY =
  'Allow airflow:InvokeRestApi on arn:aws:airflow:<region>:<account>:role/<environment>/Op to the principal ' +
  'of the worker; role Op is the least that may read and edit connections.';

const WRAPPED = z.object({ RestApiStatusCode: z.number().int(), RestApiResponse: z.unknown().optional() });

export interface MwaaEnvironment {
  /** Its name. */
  readonly environment: string;
  readonly region: string;
}

/** For both versions: InvokeRestApi adds /api/v2 or /api/v1. Credentials are kept while AWS accepts them. */
export function createMwaaTransport(
  mwaa: MwaaEnvironment,
  http: HttpClient,
  aws: AwsSessions,
): Omit<AirflowApi, 'major'> {
  const signer = createRequestSigner(aws, 'airflow', mwaa.region);

  async function send(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const url = new URL(`${getEndpoint(mwaa.region)}/restapi/${encodeURIComponent(mwaa.environment)}`);
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
      return unwrap(request, mwaa, response);
    } catch (error) {
      const cause = toRequestFailure(request, error, 'MWAA');
      // A file of static credentials is read once and kept: after a rejection it is read again.
      if (cause.type === 'AwsCredentialsRejected') signer.forget();
      throw cause;
    }
  }

  return { bulk: BULK, send };
}

/** As the AWS SDK finds it: the variable of the service, that of all services, or AWS's own host. */
function getEndpoint(region: string): string {
  const { AWS_ENDPOINT_URL_MWAA, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS } = process.env;
  const configured =
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true' ? undefined : AWS_ENDPOINT_URL_MWAA || AWS_ENDPOINT_URL;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return configured?.replace(/\/+$/, '') ?? `https://env.airflow.${region}.${suffix}`;
}

/** Airflow's own response. @throws RefreshFailure why AWS did not reach Airflow */
function unwrap(request: ApiRequest, mwaa: MwaaEnvironment, response: HttpResponse): ApiResponse {
  const name = getErrorName(response);
  // Airflow's responses below 400 come with 200, the others as one of these two exceptions.
  const isWrapped =
    response.status === 200 || name === 'RestApiClientException' || name === 'RestApiServerException';
  if (!isWrapped) throw toMwaaFailure(request, mwaa, name, response.status);
  const { success, data } = WRAPPED.safeParse(response.json);
  if (success) return { request, status: data.RestApiStatusCode, json: data.RestApiResponse };
  // Seen when the web server did not respond to AWS in time.
  throw name === 'RestApiServerException' ? unavailable(request, response.status) : notAirflow(request);
}

function toMwaaFailure(
  request: ApiRequest,
  { environment, region }: MwaaEnvironment,
  name: string,
  status: number,
): RefreshFailure {
  const known = toAwsFailure('AWS credentials', { name });
  if (known.type === 'AwsCredentialsRejected') return known;
  if (status === 429 || known.type === 'AwsThrottled') {
    return failure('StoreThrottled', request, 'AWS throttles InvokeRestApi', status);
  }
  if (status >= 500) return unavailable(request, status);
  if (name === 'AccessDeniedException' || status === 403) {
    const reason = `the AWS principal may not call airflow:InvokeRestApi on ${environment} in ${region}`;
    return failure('StoreForbidden', request, reason, status, ACCESS_REMEDY);
  }
  const reason =
    name === 'ResourceNotFoundException' || status === 404
      ? `MWAA has no environment ${environment} in ${region}`
      : 'MWAA rejects the request; it accepts ids of up to 51 characters, and environments must be up to date';
  return failure('StoreRequestRejected', request, reason, status);
}

function unavailable(request: ApiRequest, status: number): RefreshFailure {
  const reason = 'MWAA returned a server error, or Airflow did not respond to MWAA within 10 s';
  return failure('StoreUnavailable', request, reason, status);
}

/** From the header, else from the body; AWS may put a namespace before it and an address after it. */
function getErrorName(response: HttpResponse): string {
  const type = (response.json as { __type?: unknown } | null | undefined)?.__type;
  const name = response.header('x-amzn-errortype') ?? (typeof type === 'string' ? type : '');
  return name.replace(/:.*$/, '').replace(/^.*#/, '');
}
