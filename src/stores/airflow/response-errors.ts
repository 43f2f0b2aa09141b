// Failures for what a request to Airflow brought. No body, header or foreign message ever enters one: Airflow's 422
// echoes the password that it was sent.
import { RefreshFailure, type FailureType } from '../../refresh/failures.js';
import { toNetworkError } from '../../net/network-error.js';
import { hasAirflowFormat, hasForbiddenText, hasInvalidJwtText, hasNotFoundText } from './response-texts.js';
import type { ApiResponse, RequestContext } from './transport.js';

/** The login is missing, wrong or expired (401), or a JWT is signed with another secret than Airflow's (403). */
export function isLoginRejected(response: ApiResponse): boolean {
  return response.status === 401 || (response.status === 403 && hasInvalidJwtText(response));
}

/** Airflow itself reports that it does not exist; a 404 of a proxy or another API does not count. */
export function isMissing(response: ApiResponse, what: 'connection' | 'variable'): boolean {
  return response.status === 404 && hasNotFoundText(response, what);
}

/**
 * The failure behind a request that brought no response.
 * @param via what the request goes through, where that is not Airflow itself
 */
export function toRequestFailure(context: RequestContext, error: unknown, via?: 'MWAA'): RefreshFailure {
  if (error instanceof RefreshFailure) return error;
  const { code, message, isTlsTrustProblem } = toNetworkError(error);
  if (code === 'too-large') return tooLarge(context);
  if (code === 'redirect') {
    const reason = `${message}; configure the URL that it leads to`;
    return failure('StoreUnavailable', context, reason, undefined, REDIRECT_REMEDY);
  }
  if (code === 'redirect-to-other-host') {
    const reason = `${message}: probably the login page of an SSO proxy in front of Airflow`;
    return failure('StoreUnavailable', context, reason, undefined, PROXY_REMEDY);
  }
  // Where the type's own remedy would send the operator elsewhere.
  const fix = isTlsTrustProblem ? CA_REMEDY : undefined;
  const reason = via === undefined ? message : `${via}: ${message}`;
  return failure('StoreUnreachable', context, reason, undefined, fix);
}

/** The failure behind a response that is not the expected one. */
export function toResponseFailure(context: RequestContext, response: ApiResponse): RefreshFailure {
  const { status } = response;
  const isFromAirflow = hasAirflowFormat(response);
  if (isLoginRejected(response)) {
    // Airflow requires no login for what needs no permission.
    return isFromAirflow && context.permission !== undefined
      ? failure('StoreUnauthorized', context, 'the login is rejected', status)
      : notFromAirflow(context, status);
  }
  if (status === 403) return forbidden(context, response);
  if (status === 404) {
    if (!isFromAirflow) return notFromAirflow(context, status);
    const advice = 'not a path of this version of Airflow: check the URL (without /api/v2) and the version';
    return failure('StoreRequestRejected', context, advice, status);
  }
  if (status === 429) return failure('StoreThrottled', context, 'requests are rate-limited (429)');
  if (status >= 500) {
    const reason = 'server error of Airflow or a proxy in front of it';
    return failure('StoreUnavailable', context, reason, status);
  }
  if (status === 409 && context.permission === 'edit connections') {
    const reason = "Airflow's database rejected the password; its column may be too short for the token";
    return failure('StoreRequestRejected', context, reason, status, COLUMN_REMEDY);
  }
  if (status >= 200 && status < 300) return notAirflow(context);
  return failure('StoreRequestRejected', context, 'the request is rejected', status);
}

/** For responses of the wrong shape or kind: what is in front of Airflow sent them, and usually not for long. */
export function notAirflow(context: RequestContext): RefreshFailure {
  const reason = "the response is not from Airflow's REST API";
  return failure('StoreUnavailable', context, reason, undefined, FRONT_REMEDY);
}

/** `Airflow main: 403 on PATCH connection docker_default: the user may not edit connections` */
export function failure(
  type: FailureType,
  context: RequestContext,
  reason: string,
  status?: number,
  remedy?: string,
): RefreshFailure {
  const where = status === undefined ? context.action : `${status} on ${context.action}`;
  return new RefreshFailure(type, `Airflow ${context.airflow}: ${where}: ${reason}`, remedy);
}

const COLUMN_REMEDY =
  'Run `airflow db migrate`: since Airflow 2.8 the column is text. On MySQL it holds 65,535 bytes, and Fernet adds a third.';

export const PROXY_REMEDY =
  'Allow the worker through the proxy. What it requires in a header goes into `headers` of this Airflow; if it is what ' +
  'checks `auth.token`, fix that.';

export const FRONT_REMEDY =
  'Check what is in front of Airflow (ingress, proxy, login page), and the URL (without /api/v2).';

const REDIRECT_REMEDY = 'Configure the URL that the redirect leads to, or fix the redirect.';

const CA_REMEDY =
  'Name a PEM file with the certificate of its authority as `caFile` of this Airflow, or in NODE_EXTRA_CA_CERTS.';

function tooLarge(context: RequestContext): RefreshFailure {
  if (context.permission !== 'read connections' && context.permission !== 'edit connections') {
    return notAirflow(context);
  }
  return failure('StoreResponseTooLarge', context, 'the response is larger than 6 MB');
}

function notFromAirflow(context: RequestContext, status: number): RefreshFailure {
  const reason = `this ${status} is not from Airflow; check for a proxy in front of it`;
  return failure('StoreUnavailable', context, reason, status, status === 404 ? FRONT_REMEDY : PROXY_REMEDY);
}

function forbidden(context: RequestContext, response: ApiResponse): RefreshFailure {
  if (hasForbiddenText(response)) {
    const reason = `the user may not ${context.permission ?? 'use connections'}`;
    return failure('StoreForbidden', context, reason, 403);
  }
  const reason = 'this 403 is not from Airflow; check for a proxy or firewall in front of it';
  return failure('StoreForbidden', context, reason, 403, PROXY_REMEDY);
}
