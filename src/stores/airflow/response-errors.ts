// Converts errors and responses of Airflow into failures. They never contain a body, a header or a foreign message:
// Airflow's 422 echoes the password in the request.
import { RefreshFailure, type FailureType } from '../../refresh/failures.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { STORE_REMEDIES } from '../../refresh/remedies/store.js';
import { toNetworkError } from '../../net/network-error.js';
import { hasAirflowFormat, isLoginRejected } from './response-texts.js';
import type { ApiResponse, RequestContext } from './transport.js';

/** A failed request, with the status of its response if there was one. */
export class AirflowFailure extends RefreshFailure {
  readonly status: number | undefined;

  constructor(type: FailureType, message: string, remedy?: Remedy, status?: number) {
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
  remedy?: Remedy,
): AirflowFailure {
  const where = status === undefined ? action : `${status} on ${action}`;
  return new AirflowFailure(type, `Airflow ${airflow}: ${where}: ${reason}`, remedy, status);
}

/** The failure of a request without a response. */
export function toRequestFailure(context: RequestContext, error: unknown): RefreshFailure {
  if (error instanceof RefreshFailure) return error;
  const { code, message, isTlsTrustProblem, remedy } = toNetworkError(error);
  const { via } = context;
  const fail = (type: FailureType, reason: string, fix?: Remedy): RefreshFailure =>
    failure(type, context, via === undefined ? reason : `${via}: ${reason}`, undefined, fix);
  if (code === 'too-large') {
    return context.permission === 'read connections' || context.permission === 'edit connections'
      ? fail('StoreResponseTooLarge', 'the response is larger than 6 MB')
      : notAirflow(context);
  }
  if (code === 'redirect') {
    const reason = `${message}; check for a proxy in front of ${via ?? 'Airflow'}`;
    return fail('StoreUnavailable', reason, via ? STORE_REMEDIES.checkMwaa : STORE_REMEDIES.checkRedirect);
  }
  if (code === 'redirect-elsewhere') {
    const reason = `${message}: probably the login page of an SSO proxy in front of ${via ?? 'Airflow'}`;
    return fail(
      'StoreUnavailable',
      reason,
      via ? STORE_REMEDIES.checkMwaa : STORE_REMEDIES.allowThroughProxy,
    );
  }
  // The remedy of the failure type does not mention certificates.
  return fail('StoreUnreachable', message, remedy ?? (isTlsTrustProblem ? STORE_REMEDIES.setCa : undefined));
}

/**
 * The failure for an unexpected response. Only a response in Airflow's own format can reject a request permanently, or
 * show that a permission is missing.
 */
export function toResponseFailure(response: ApiResponse): RefreshFailure {
  const { request, status } = response;
  const fail = (type: FailureType, reason: string, remedy?: Remedy): RefreshFailure =>
    failure(type, request, reason, status, remedy);
  if (status >= 200 && status < 300) return notAirflow(request);
  if (status === 429) return failure('StoreThrottled', request, 'requests are rate-limited (429)');
  const isFromAirflow = hasAirflowFormat(response);
  if (status === 500 || (status > 500 && isFromAirflow)) {
    return fail('StoreUnavailable', 'server error from Airflow or a proxy in front of it');
  }
  // Airflow requires no login and no permission for what is requested without one, such as its version.
  const isUnexpected = isLoginRejected(response) || (status === 403 && request.permission === undefined);
  if (!isFromAirflow || isUnexpected) {
    const reason =
      status > 500
        ? `this ${status} is not from Airflow; what is in front of it may not reach it`
        : `this ${status} is not from Airflow; check for a proxy in front of it`;
    return toFrontFailure(request, reason, status);
  }
  if (status === 404) {
    const reason =
      'this version of Airflow does not have this path; check the URL (without /api/v2) and the version';
    return fail('StoreRequestRejected', reason);
  }
  if (status === 403) return fail('StoreForbidden', `the user is not allowed to ${request.permission}`);
  if (status === 409 && request.permission === 'edit connections') {
    const reason = "Airflow's database rejected the password; its column may be too short for the token";
    return fail('StoreRequestRejected', reason, STORE_REMEDIES.migrate);
  }
  return fail('StoreRequestRejected', 'the request was rejected');
}

/** For responses of the wrong shape or kind. */
export function notAirflow(context: RequestContext): RefreshFailure {
  return toFrontFailure(context, "the response is not from Airflow's REST API");
}

/** Something in front of Airflow responded, usually only for a short time. */
export function toFrontFailure(context: RequestContext, reason: string, status?: number): RefreshFailure {
  return failure('StoreUnavailable', context, reason, status, findFrontRemedy(context, status));
}

function findFrontRemedy({ via }: RequestContext, status = 200): Remedy {
  if (via === 'MWAA') return STORE_REMEDIES.checkMwaa;
  if (status > 500) return STORE_REMEDIES.checkBehind;
  return [401, 403, 407].includes(status) ? STORE_REMEDIES.allowThroughProxy : STORE_REMEDIES.checkFront;
}
