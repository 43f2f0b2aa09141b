// Requests to an Airflow of Amazon MWAA by AWS's InvokeRestApi.
import type { AwsSessions } from '../../aws/aws-sessions.js';
import type { HttpClient } from '../../net/http.js';
import { toRequestFailure } from './response-errors.js';
import type { AirflowTransport, ApiRequest, ApiResponse, RequestContext } from './transport.js';
import { parseMwaaResponse } from './mwaa-response.js';
import { createRequestSigner } from '../../aws/request-signer.js';

/** AWS itself ends the call to Airflow after 10 s, and responds then. */
const REQUEST_TIMEOUT_MS = 12_000;
/** AWS's limit for a response of Airflow. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/** Within the 10 s also on the smallest web server: half of what is sent elsewhere. */
const BULK = { connections: 50, bytes: 256 * 1024 } as const;

export interface MwaaOptions {
  /** Name of the MWAA environment. */
  readonly environment: string;
  readonly region: string;
  readonly http: HttpClient;
  readonly aws: AwsSessions;
}

/** Credentials are loaded on first use and kept while AWS accepts them. */
export function createMwaaTransport(options: MwaaOptions): AirflowTransport {
  const { environment, region, http } = options;
  const signer = createRequestSigner(options.aws, 'airflow', region);

  async function send(
    context: RequestContext,
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiResponse> {
    const url = new URL(`${getEndpoint(region)}/restapi/${encodeURIComponent(environment)}`);
    const json = {
      Path: request.path,
      Method: request.method,
      ...(request.query ? { QueryParameters: request.query } : {}),
      ...(request.json === undefined ? {} : { Body: request.json }),
    };
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
      return parseMwaaResponse(context, { environment, region }, response);
    } catch (error) {
      const failure = toRequestFailure(context, error, 'MWAA');
      // A file of static credentials is read once and kept: after a rejection it is read again.
      if (failure.type === 'AwsCredentialsRejected') signer.forget();
      throw failure;
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
