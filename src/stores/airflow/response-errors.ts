// Owns what an answer of Airflow means, and the words for it. Refuses to quote: Airflow's 422 echoes the password
// that it was sent, so no body, header or foreign message ever enters a failure.
import { RefreshFailure, type FailureType } from '../../refresh/failures.js';
import { NetworkError } from '../../net/network-error.js';
import { isSettingsProblem, isTlsTrustProblem } from '../../net/network-reason.js';
import { hasForbiddenText, hasInvalidJwtText, hasNotFoundText } from './response-texts.js';
import type { ApiResponse, RequestContext } from './transport.js';

/** Airflow does not know who asks: not signed in or expired (401), or a JWT of a secret that it has changed (403). */
export function isLoginRejected(answer: ApiResponse): boolean {
  return answer.status === 401 || (answer.status === 403 && hasInvalidJwtText(answer));
}

/** Airflow itself says that it is not there; a 404 of a proxy or another API does not count. */
export function isMissing(answer: ApiResponse, what: 'connection' | 'variable'): boolean {
  return answer.status === 404 && hasNotFoundText(answer, what);
}

/** The failure behind an exchange that brought no answer. */
export function toRequestFailure(attempt: RequestContext, error: unknown): RefreshFailure {
  if (error instanceof RefreshFailure) return error;
  if (!(error instanceof NetworkError)) return failure('StoreUnreachable', attempt, 'the request failed');
  const { code, message, remedy } = error;
  if (isSettingsProblem(code)) return new RefreshFailure('ConfigInvalid', message, remedy);
  if (code === 'too-large') return notAirflow(attempt);
  if (code === 'redirect') {
    return failure('StoreRequestRejected', attempt, `${message}: configure the URL it leads to`);
  }
  // Where the type's own remedy would send the operator elsewhere.
  const fix = isTlsTrustProblem(code) ? CA_REMEDY : undefined;
  return failure('StoreUnreachable', attempt, message, undefined, fix);
}

/** The failure behind an answer that is not the one hoped for. */
export function toResponseFailure(attempt: RequestContext, answer: ApiResponse): RefreshFailure {
  const { status } = answer;
  if (isLoginRejected(answer)) {
    if (attempt.right !== undefined) {
      return failure('StoreUnauthorized', attempt, 'the sign-in is not accepted', status);
    }
    const reason = 'Airflow asks for no sign-in here; look for a proxy before it that does';
    return failure('StoreUnauthorized', attempt, reason, status, PROXY_REMEDY);
  }
  if (status === 403) return forbidden(attempt, answer);
  if (status === 404) {
    const advice =
      'not the REST API of this version of Airflow: check the URL (without /api/v2) and the version';
    return failure('StoreRequestRejected', attempt, advice, status);
  }
  if (status === 429 || status >= 500) return unavailable(attempt, status);
  if (status === 409 && attempt.right === 'edit connections') {
    const reason =
      'the database of Airflow does not take the password; its column may be too short for the token';
    return failure('StoreRequestRejected', attempt, reason, status, COLUMN_REMEDY);
  }
  if (status >= 200 && status < 300) return notAirflow(attempt);
  return failure('StoreRequestRejected', attempt, 'Airflow refuses the request as such', status);
}

/** For answers of the wrong shape, kind or size. */
export function notAirflow(attempt: RequestContext): RefreshFailure {
  return failure('StoreRequestRejected', attempt, "answered with something that is not Airflow's REST API");
}

/** `Airflow main: 403 on PATCH connection docker_default: the user may not edit connections` */
export function failure(
  type: FailureType,
  attempt: RequestContext,
  reason: string,
  status?: number,
  remedy?: string,
): RefreshFailure {
  const where = status === undefined ? attempt.action : `${status} on ${attempt.action}`;
  return new RefreshFailure(type, `Airflow ${attempt.airflow}: ${where}: ${reason}`, remedy);
}

const COLUMN_REMEDY =
  'Run `airflow db migrate`: since Airflow 2.8 the column is text. On MySQL it holds 65,535 bytes, and Fernet adds a third.';

const PROXY_REMEDY =
  'Let the worker pass there. What the proxy asks for in a header goes into `headers` of this airflow.';

const CA_REMEDY =
  'Name a PEM file with the certificate of its authority as `caFile` of this airflow, or in NODE_EXTRA_CA_CERTS.';

function forbidden(attempt: RequestContext, answer: ApiResponse): RefreshFailure {
  if (hasForbiddenText(answer)) {
    return failure('StoreForbidden', attempt, `the user may not ${attempt.right ?? 'use connections'}`, 403);
  }
  const reason = 'this is not how Airflow itself forbids; look for a proxy or firewall before it';
  return failure('StoreForbidden', attempt, reason, 403, PROXY_REMEDY);
}

function unavailable(attempt: RequestContext, status: number): RefreshFailure {
  const { right } = attempt;
  if (status !== 500 || (right !== 'read connections' && right !== 'edit connections')) {
    return failure('StoreUnavailable', attempt, 'Airflow or a proxy before it is in trouble', status);
  }
  const hint = attempt.ofMany
    ? 'if it keeps failing, the Fernet key was changed and the password of one connection is unreadable'
    : 'if only this connection keeps failing, the Fernet key was changed and its password is unreadable';
  // On PostgreSQL and MySQL that is how a column too short for the token shows.
  const more = right === 'edit connections' ? ', or its column is too short for the token' : '';
  return failure('StoreUnavailable', attempt, hint + more, status);
}
