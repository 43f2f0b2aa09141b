// Converts errors and responses of Airflow into failures. They never contain a body, a header or a foreign message:
// Airflow's 422 echoes the password in the request.
import { RefreshFailure, type FailureType } from '../../refresh/failures.js';
import { toNetworkError } from '../../net/network-error.js';
import { hasAirflowFormat, hasForbiddenText, isLoginRejected } from './response-texts.js';
import type { ApiResponse, RequestContext } from './transport.js';

const COLUMN_REMEDY =
  'Run `airflow db migrate`: since Airflow 2.8 the column is text. On MySQL it holds 65,535 bytes, and Fernet adds ' +
  'a third.';

const PROXY_REMEDY =
  'Allow the worker through the proxy. Set headers that the proxy requires in `headers` of this Airflow. If the ' +
  'proxy checks `auth.token`, fix the token.';

export const FRONT_REMEDY =
  'Check what is in front of Airflow (ingress, proxy, login page), and the URL (without /api/v2).';

const REDIRECT_REMEDY =
  'If this does not end by itself, set `url` to the target of the redirect (often https instead of http), or fix ' +
  'the redirect.';

const CA_REMEDY =
  'Set `caFile` of this Airflow, or NODE_EXTRA_CA_CERTS, to a PEM file with the CA certificate.';

/** A failed request, with the status of its response if there was one. */
export class AirflowFailure extends RefreshFailure {
  readonly status: number | undefined;

  constructor(type: FailureType, message: string, remedy?: string, status?: number) {
    super(type, message, remedy);
    this.status = status;
  }
}

/** `Airflow main: 403 on PATCH connection docker_default: the user is not allowed to edit connections` */
export function failure(
  type: FailureType,
  { airflow, action }: RequestContext,
  reason: string,
  status?: number,
  remedy?: string,
): AirflowFailure {
  const where = status === undefined ? action : `${status} on ${action}`;
  return new AirflowFailure(type, `Airflow ${airflow}: ${where}: ${reason}`, remedy, status);
}

/**
 * The failure of a request without a response.
 * @param via the service that the request goes through, if any
 */
export function toRequestFailure(context: RequestContext, error: unknown, via?: 'MWAA'): RefreshFailure {
  if (error instanceof RefreshFailure) return error;
  const { code, message, isTlsTrustProblem, remedy } = toNetworkError(error);
  const fail = (type: FailureType, reason: string, fix?: string): RefreshFailure =>
    failure(type, context, reason, undefined, fix);
  if (code === 'too-large') {
    return context.permission === 'read connections' || context.permission === 'edit connections'
      ? fail('StoreResponseTooLarge', 'the response is larger than 6 MB')
      : notAirflow(context);
  }
  if (code === 'redirect') {
    const reason = `${message}: something in front of Airflow leads to the same path at another address`;
    return fail('StoreUnavailable', reason, REDIRECT_REMEDY);
  }
  if (code === 'redirect-elsewhere') {
    const reason = `${message}: probably the login page of an SSO proxy in front of Airflow`;
    return fail('StoreUnavailable', reason, PROXY_REMEDY);
  }
  // The remedy of the failure type does not mention certificates.
  const fix = remedy ?? (isTlsTrustProblem ? CA_REMEDY : undefined);
  return fail('StoreUnreachable', via === undefined ? message : `${via}: ${message}`, fix);
}

/** The failure for an unexpected response. */
export function toResponseFailure(response: ApiResponse): RefreshFailure {
  const { request, status } = response;
  const fail = (type: FailureType, reason: string, remedy?: string): RefreshFailure =>
    failure(type, request, reason, status, remedy);
  if (status === 429) return fail('StoreThrottled', 'requests are rate-limited (429)');
  if (status >= 500) return fail('StoreUnavailable', 'server error from Airflow or a proxy in front of it');
  if (status >= 200 && status < 300) return notAirflow(request);
  // Airflow requires no login for what needs no permission.
  const isUnexpectedLogin = isLoginRejected(response) && request.permission === undefined;
  if (isUnexpectedLogin || !hasAirflowFormat(response)) return toForeignFailure(request, status);
  if (isLoginRejected(response)) return fail('StoreUnauthorized', 'the login was rejected');
  if (status === 404) {
    const reason =
      'this version of Airflow does not have this path; check the URL (without /api/v2) and the version';
    return fail('StoreRequestRejected', reason);
  }
  if (status === 403) {
    if (!hasForbiddenText(response)) return toForeignFailure(request, status);
    return fail('StoreForbidden', `the user is not allowed to ${request.permission ?? 'use connections'}`);
  }
  if (status === 409 && request.permission === 'edit connections') {
    const reason = "Airflow's database rejected the password; its column may be too short for the token";
    return fail('StoreRequestRejected', reason, COLUMN_REMEDY);
  }
  return fail('StoreRequestRejected', 'the request was rejected');
}

/** The failure for a response in another format than Airflow's. */
export function toForeignFailure(request: RequestContext, status: number): RefreshFailure {
  const reason = `this ${status} is not from Airflow; check for a proxy in front of it`;
  return failure(
    'StoreUnavailable',
    request,
    reason,
    status,
    isProxyLogin(status) ? PROXY_REMEDY : FRONT_REMEDY,
  );
}

function isProxyLogin(status: number): boolean {
  return status === 401 || status === 403 || status === 407;
}

/** For responses of the wrong shape or kind. */
export function notAirflow(context: RequestContext): RefreshFailure {
  return toFrontFailure(context, "the response is not from Airflow's REST API");
}

/** Something in front of Airflow responded, usually only for a short time. */
export function toFrontFailure(context: RequestContext, reason: string, status?: number): RefreshFailure {
  return failure('StoreUnavailable', context, reason, status, FRONT_REMEDY);
}
