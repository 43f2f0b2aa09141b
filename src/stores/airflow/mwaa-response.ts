// Owns what an answer of InvokeRestApi means: Airflow's own answer within it, or why AWS did not ask Airflow.
// Refuses to quote: an answer may repeat the request, so only names and status codes are read.
import { z } from 'zod';
import { RefreshFailure } from '../../refresh/failures.js';
import { toAwsFailure } from '../../aws/aws-error.js';
import type { HttpResponse } from '../../net/http.js';
import { failure, notAirflow } from './response-errors.js';
import type { ApiResponse, RequestContext } from './transport.js';

const WRAPPED = z.object({ RestApiStatusCode: z.number().int(), RestApiResponse: z.unknown().optional() });

export interface MwaaPlace {
  readonly environment: string;
  readonly region: string;
}

export type MwaaOutcome =
  | { readonly kind: 'answer'; readonly answer: ApiResponse }
  | { readonly kind: 'failure'; readonly failure: RefreshFailure };

export function parseMwaaResponse(
  attempt: RequestContext,
  place: MwaaPlace,
  answer: HttpResponse,
): MwaaOutcome {
  const name = getErrorName(answer);
  // Airflow's answers below 400 come with 200, the others as one of these two exceptions.
  if (answer.status === 200 || name === 'RestApiClientException' || name === 'RestApiServerException') {
    const wrapped = WRAPPED.safeParse(answer.json);
    if (wrapped.success) {
      const { RestApiStatusCode: status, RestApiResponse: json } = wrapped.data;
      return { kind: 'answer', answer: { status, json } };
    }
    // Seen as: the web server did not answer AWS in time, so there is nothing of Airflow to tell.
    if (name === 'RestApiServerException') return unavailable(attempt, answer.status);
    return { kind: 'failure', failure: notAirflow(attempt) };
  }
  return failureOfAws(attempt, place, name, answer.status);
}

function failureOfAws(attempt: RequestContext, place: MwaaPlace, name: string, status: number): MwaaOutcome {
  const { environment, region } = place;
  const rejected = toAwsFailure('AWS credentials', { name });
  if (rejected.type === 'AwsCredentialsRejected') return { kind: 'failure', failure: rejected };
  if (status === 429 || status >= 500 || rejected.type === 'AwsThrottled')
    return unavailable(attempt, status);
  if (name === 'AccessDeniedException' || status === 403) {
    const refused = new RefreshFailure(
      'StoreForbidden',
      `Airflow ${attempt.airflow}: ${status} on ${attempt.action}: the AWS principal may not call ` +
        `airflow:InvokeRestApi on ${environment} in ${region}`,
      'Allow airflow:InvokeRestApi on arn:aws:airflow:<region>:<account>:role/<environment>/Op to the principal ' +
        'of the worker; role Op is the least that may read and edit connections.',
    );
    return { kind: 'failure', failure: refused };
  }
  const reason =
    name === 'ResourceNotFoundException' || status === 404
      ? `MWAA has no environment ${environment} in ${region}`
      : 'MWAA refuses the request as such; it takes ids of up to 51 characters, and environments must be up to date';
  return { kind: 'failure', failure: failure('StoreRequestRejected', attempt, reason, status) };
}

function unavailable(attempt: RequestContext, status: number): MwaaOutcome {
  const reason = 'MWAA is in trouble, or Airflow did not answer it within 10 s';
  return { kind: 'failure', failure: failure('StoreUnavailable', attempt, reason, status) };
}

/** From the header, else from the body; AWS may put a namespace before it and an address behind it. */
function getErrorName(answer: HttpResponse): string {
  const { json } = answer;
  const type = (json as { __type?: unknown } | null | undefined)?.__type;
  const name = answer.header('x-amzn-errortype') ?? (typeof type === 'string' ? type : '');
  return name.replace(/:.*$/, '').replace(/^.*#/, '');
}
