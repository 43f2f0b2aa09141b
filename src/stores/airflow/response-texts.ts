// The only place that reads text in Airflow's responses: the REST API has status codes, but no reason codes within a
// status. If a later Airflow changes a text, the response is handled by its status alone; each function documents the
// effect. The text is never shown.

/** Part of any response, including the response to a login. */
export interface StatusAndBody {
  readonly status: number;
  readonly json: unknown;
}

/** The login is missing, wrong or expired (401), or the JWT is signed with a different secret. */
export function isLoginRejected(response: StatusAndBody): boolean {
  return response.status === 401 || hasForeignSignature(response);
}

/**
 * The JWT is signed with a different secret: Airflow 3 rejects that with 403, the status for a missing permission.
 * Without a match, the worker does not log in again after Airflow's secret changed, and reports a missing permission.
 * Source: airflow/api_fastapi/core_api/security.py, `resolve_user_from_token`.
 */
export function hasForeignSignature(response: StatusAndBody): boolean {
  return response.status === 403 && getText(response, 'detail') === 'Invalid JWT token';
}

/**
 * Airflow reports that the connection or Variable does not exist; a 404 from a proxy or another API does not count.
 * Without a match, a missing connection is reported as a rejected request.
 * Sources: airflow/api_fastapi/core_api/routes/public/connections.py and variables.py (Airflow 3, in `detail`);
 * airflow/api_connexion/endpoints/connection_endpoint.py and variable_endpoint.py (Airflow 2, in `title`).
 */
export function isMissing(response: StatusAndBody, what: 'connection' | 'variable'): boolean {
  if (response.status !== 404 || !hasAirflowFormat(response)) return false;
  const text = `${getText(response, 'detail') ?? ''}\n${getText(response, 'title') ?? ''}`;
  return new RegExp(`${what}.*not found`, 'i').test(text);
}

/**
 * The stored connection has a different host than the one sent. Without a match, no override is reported.
 * Source: airflow/api_fastapi/core_api/routes/public/connections.py, `test_connection` of Airflow 3.
 */
export function hasDifferentConnectionText(response: StatusAndBody): boolean {
  if (!hasAirflowFormat(response)) return false;
  return getText(response, 'detail')?.includes('differs from the stored connection') ?? false;
}

/**
 * Whether an error of a bulk request concerns a connection. Airflow prints the ids as a Python set, `{'a', 'b'}`; ids
 * cannot contain quotes. Without a match, the write counts as unconfirmed.
 * Source: airflow/api_fastapi/core_api/services/public/connections.py, `BulkConnectionService`.
 */
export function namesConnection(error: string, id: string): boolean {
  return error.includes(`'${id}'`);
}

/**
 * Whether a response has exactly the format of Airflow's errors. Any other response comes from something in front of
 * Airflow, usually only for a short time, so it is retried. Exceptions: Airflow's 500 is text, or a page in Airflow 2,
 * and Airflow 2 returns a page with 404 for paths outside its API.
 *
 * Many other services also return JSON with `detail`, `title` or `error`, so additional fields do not match. Without a
 * match, an error that only a person can fix is reported as coming from something in front of Airflow, and retried.
 * Sources: FastAPI's HTTPException (Airflow 3); airflow/api_fastapi/core_api/app.py (`error`, for a path that does not
 * exist); airflow/api_connexion/exceptions.py (Airflow 2, with the fields of connexion's `problem`).
 */
export function hasAirflowFormat(response: StatusAndBody): boolean {
  const { status, json } = response;
  if (typeof json !== 'object' || json === null) return false;
  const fields = Object.keys(json);
  if ('title' in json) return isProblemOfAirflow2(json, fields, status);
  if (fields.length !== 1) return false;
  if ('error' in json) {
    return status === 404 && /^API route not found$|Airflow 3/.test(getText(response, 'error') ?? '');
  }
  // The default text of FastAPI and other frameworks; Airflow names what was not found.
  return 'detail' in json && !(status === 404 && /^not found\.?$/i.test(getText(response, 'detail') ?? ''));
}

const PROBLEM_FIELDS: readonly string[] = ['detail', 'status', 'title', 'type'];

/** RFC 9457, which gateways use too, with other types. */
function isProblemOfAirflow2(json: object, fields: readonly string[], status: number): boolean {
  const { status: own, type } = json as { status?: unknown; type?: unknown };
  const isType =
    type === undefined || (typeof type === 'string' && /^about:blank$|#section\/Errors\//.test(type));
  return own === status && isType && fields.every((field) => PROBLEM_FIELDS.includes(field));
}

/** The texts of Airflow are much shorter. In megabytes of text, the search for a pattern would take minutes. */
const MAX_TEXT = 2_000;

/** `detail` may be text, an object, a list or absent; only text is used. */
function getText({ json }: StatusAndBody, field: 'detail' | 'title' | 'error'): string | undefined {
  const value = (json as Record<string, unknown> | null | undefined)?.[field];
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined;
}
