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
  const text = `${getText(response, 'detail') ?? ''}\n${getText(response, 'title') ?? ''}`;
  return response.status === 404 && new RegExp(`${what}.*not found`, 'i').test(text);
}

/**
 * Distinguishes Airflow's 403 from a proxy's. Without a match, the failure suggests checking for a proxy.
 * Sources: airflow/api_fastapi/core_api/security.py (Airflow 3: any `detail`); airflow/api_connexion/exceptions.py,
 * `PermissionDenied` (Airflow 2: the title, and `detail` in some releases).
 */
export function hasForbiddenText(response: StatusAndBody): boolean {
  return getText(response, 'detail') !== undefined || getText(response, 'title') === 'Forbidden';
}

/**
 * The stored connection has a different host than the one sent. Without a match, no override is reported.
 * Source: airflow/api_fastapi/core_api/routes/public/connections.py, `test_connection` of Airflow 3.
 */
export function hasDifferentConnectionText(response: StatusAndBody): boolean {
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
 * Whether a response has the format of Airflow's errors: `detail` (Airflow 3), `title` (Airflow 2), or `error` for a
 * path that does not exist in Airflow 3. Any other response comes from something in front of Airflow, usually only
 * for a short time, so it is retried. Exceptions: Airflow's plain-text 500 and the 404 page of Airflow 2 for paths
 * outside its API.
 * Sources: FastAPI's HTTPException; airflow/api_fastapi/core_api/app.py (`error`); airflow/api_connexion/exceptions.py.
 */
export function hasAirflowFormat({ status, json }: StatusAndBody): boolean {
  if (typeof json !== 'object' || json === null) return false;
  return 'detail' in json || 'title' in json || (status === 404 && 'error' in json);
}

/** `detail` may be text, an object, a list or absent; only text is used. */
function getText({ json }: StatusAndBody, field: 'detail' | 'title'): string | undefined {
  const value = (json as Record<string, unknown> | null | undefined)?.[field];
  return typeof value === 'string' ? value : undefined;
}
