// Owns what an answer of Airflow 3 means, and the words for it. Refuses to quote: Airflow's 422 echoes the password
// that it was sent, so no body, header or foreign message ever enters a failure.
import { RefreshFailure, type FailureType } from '../../domain/failures.js';
import { TransportFailure, type HttpAnswer } from '../http.js';

/** What is being done, for the messages. */
export interface Attempt {
  /** Name of the Airflow in the configuration. Its URL may come from a secret and is never shown. */
  readonly airflow: string;
  /** Such as `PATCH connection docker_default`. */
  readonly action: string;
  /** The right that the action takes; absent when it concerns no connection. */
  readonly right?: 'read' | 'edit';
}

/** Airflow knows the JWT no longer: expired (401), or signed with a secret that it has since changed (403). */
export function isJwtRejected(answer: HttpAnswer): boolean {
  return answer.status === 401 || (answer.status === 403 && detailOf(answer) === 'Invalid JWT token');
}

/** Airflow itself says that the connection is not there; a 404 of a proxy or another API does not count. */
export function isConnectionMissing(answer: HttpAnswer): boolean {
  return answer.status === 404 && /connection.*not found/i.test(detailOf(answer) ?? '');
}

/** The failure behind an exchange that brought no answer. */
export function failureOfTransport(attempt: Attempt, error: unknown): RefreshFailure {
  if (error instanceof RefreshFailure) return error;
  if (!(error instanceof TransportFailure))
    return failure('AirflowUnreachable', attempt, 'the request failed');
  switch (error.kind) {
    case 'no-answer':
      return failure('AirflowUnreachable', attempt, error.message);
    case 'redirect':
      return failure('AirflowRequestRejected', attempt, `${error.message}: configure the URL it leads to`);
    case 'too-large':
      return notAirflow(attempt);
  }
}

/** The failure behind an answer that is not the one hoped for. */
export function failureOfAnswer(attempt: Attempt, answer: HttpAnswer): RefreshFailure {
  const { status } = answer;
  if (isJwtRejected(answer)) {
    return failure('AirflowUnauthorized', attempt, 'a new sign-in did not help', status);
  }
  if (status === 403) return forbidden(attempt, answer);
  if (status === 404) {
    const advice =
      'not the REST API of Airflow 3: check the URL (without /api/v2) and the version of Airflow';
    return failure('AirflowRequestRejected', attempt, advice, status);
  }
  if (status === 429 || status >= 500) return unavailable(attempt, status);
  if (status >= 200 && status < 300) return notAirflow(attempt);
  return failure('AirflowRequestRejected', attempt, 'Airflow refuses the request as such', status);
}

/** For answers of the wrong shape, kind or size. */
export function notAirflow(attempt: Attempt): RefreshFailure {
  return failure('AirflowRequestRejected', attempt, "answered with something that is not Airflow's REST API");
}

/** `Airflow main: 403 on PATCH connection docker_default: the user may not edit connections` */
export function failure(
  type: FailureType,
  attempt: Attempt,
  reason: string,
  status?: number,
): RefreshFailure {
  const where = status === undefined ? attempt.action : `${status} on ${attempt.action}`;
  return new RefreshFailure(type, `Airflow ${attempt.airflow}: ${where}: ${reason}`);
}

function forbidden(attempt: Attempt, answer: HttpAnswer): RefreshFailure {
  const reason =
    detailOf(answer) === undefined
      ? 'this is not how Airflow itself forbids; look for a proxy or firewall before it'
      : `the user may not ${attempt.right ?? 'use'} connections`;
  return failure('AirflowForbidden', attempt, reason, 403);
}

function unavailable(attempt: Attempt, status: number): RefreshFailure {
  if (status !== 500 || !attempt.right) {
    return failure('AirflowUnavailable', attempt, 'Airflow or a proxy before it is in trouble', status);
  }
  const hint =
    'if only this connection keeps failing, the Fernet key was changed and its password is unreadable';
  return failure('AirflowUnavailable', attempt, hint, status);
}

/** `detail` may be text, an object, a list or absent; only as text does it say what we look for. */
function detailOf(answer: HttpAnswer): string | undefined {
  const { json } = answer;
  if (typeof json !== 'object' || json === null) return undefined;
  const detail = (json as { detail?: unknown }).detail;
  return typeof detail === 'string' ? detail : undefined;
}
