// What a response of InvokeRestApi means: Airflow's own response within it, or why AWS did not reach Airflow. It may repeat
// the request, so only names and status codes are read.
import { z } from 'zod';
import type { RefreshFailure } from '../../refresh/failures.js';
import { toAwsFailure } from '../../aws/aws-error.js';
import type { HttpResponse } from '../../net/http.js';
import { failure, notAirflow } from './response-errors.js';
import type { ApiResponse, RequestContext } from './transport.js';

const WRAPPED = z.object({ RestApiStatusCode: z.number().int(), RestApiResponse: z.unknown().optional() });

export interface MwaaPlace {
  readonly environment: string;
  readonly region: string;
}

/** @throws RefreshFailure when Airflow did not respond */
export function parseMwaaResponse(
  context: RequestContext,
  place: MwaaPlace,
  response: HttpResponse,
): ApiResponse {
  const name = getErrorName(response);
  // Airflow's responses below 400 come with 200, the others as one of these two exceptions.
  if (response.status === 200 || name === 'RestApiClientException' || name === 'RestApiServerException') {
    const wrapped = WRAPPED.safeParse(response.json);
    if (wrapped.success) {
      const { RestApiStatusCode: status, RestApiResponse: json } = wrapped.data;
      return { status, json };
    }
    // Seen when the web server did not respond to AWS in time.
    if (name === 'RestApiServerException') throw unavailable(context, response.status);
    throw notAirflow(context);
  }
  throw toMwaaFailure(context, place, name, response.status);
}

function toMwaaFailure(
  context: RequestContext,
  { environment, region }: MwaaPlace,
  name: string,
  status: number,
): RefreshFailure {
  const known = toAwsFailure('AWS credentials', { name });
  if (known.type === 'AwsCredentialsRejected') return known;
  if (status === 429 || known.type === 'AwsThrottled') {
    return failure('StoreThrottled', context, 'AWS throttles InvokeRestApi', status);
  }
  if (status >= 500) return unavailable(context, status);
  if (name === 'AccessDeniedException' || status === 403) {
    const reason = `the AWS principal may not call airflow:InvokeRestApi on ${environment} in ${region}`;
    return failure('StoreForbidden', context, reason, status, ACCESS_REMEDY);
  }
  const reason =
    name === 'ResourceNotFoundException' || status === 404
      ? `MWAA has no environment ${environment} in ${region}`
      : 'MWAA rejects the request; it accepts ids of up to 51 characters, and environments must be up to date';
  return failure('StoreRequestRejected', context, reason, status);
}

const ACCESS_REMEDY =
  'Allow airflow:InvokeRestApi on arn:aws:airflow:<region>:<account>:role/<environment>/Op to the principal ' +
  'of the worker; role Op is the least that may read and edit connections.';

function unavailable(context: RequestContext, status: number): RefreshFailure {
  const reason = 'MWAA returned a server error, or Airflow did not respond to MWAA within 10 s';
  return failure('StoreUnavailable', context, reason, status);
}

/** From the header, else from the body; AWS may put a namespace before it and an address after it. */
function getErrorName(response: HttpResponse): string {
  const type = (response.json as { __type?: unknown } | null | undefined)?.__type;
  const name = response.header('x-amzn-errortype') ?? (typeof type === 'string' ? type : '');
  return name.replace(/:.*$/, '').replace(/^.*#/, '');
}
