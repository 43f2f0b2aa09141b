// The only place that reads text in a response of Airflow: its REST API has status codes, and no codes for the reasons
// within one status. Where a text changes in a later Airflow, the match fails and the response is handled by its status
// alone; each function says what that means. Nothing of the text is ever shown.

/** Of any response, that to a login included. */
export interface StatusAndBody {
  readonly status: number;
  readonly json: unknown;
}

/**
 * The login is missing, wrong or expired (401), or a JWT is signed with another secret than Airflow's: Airflow 3 rejects
 * that by 403, the status of a missing permission. Without a match there is no new login after Airflow changed its secret,
 * and the failure names a missing permission.
 * Source: airflow/api_fastapi/core_api/security.py, `resolve_user_from_token`.
 */
export function isLoginRejected(response: StatusAndBody): boolean {
  const { status } = response;
  return status === 401 || (status === 403 && getText(response, 'detail') === 'Invalid JWT token');
}

/**
 * Airflow itself reports that it does not exist; a 404 of a proxy or another API does not count. Without a match a missing
 * connection is a rejected request.
 * Sources: airflow/api_fastapi/core_api/routes/public/connections.py and variables.py (Airflow 3, in `detail`);
 * airflow/api_connexion/endpoints/connection_endpoint.py and variable_endpoint.py (Airflow 2, in `title`).
 */
export function isMissing(response: StatusAndBody, what: 'connection' | 'variable'): boolean {
  const text = `${getText(response, 'detail') ?? ''}\n${getText(response, 'title') ?? ''}`;
  return response.status === 404 && new RegExp(`${what}.*not found`, 'i').test(text);
}

/**
 * Distinguishes Airflow's own 403 from that of a proxy. Without a match the failure sends the reader to a proxy.
 * Sources: airflow/api_fastapi/core_api/security.py (Airflow 3: any `detail`); airflow/api_connexion/exceptions.py,
 * `PermissionDenied` (Airflow 2: the title, and `detail` in some releases).
 */
export function hasForbiddenText(response: StatusAndBody): boolean {
  return getText(response, 'detail') !== undefined || getText(response, 'title') === 'Forbidden';
}

/**
 * The stored connection has another host than the one sent. Without a match no override is found and none is reported.
 * Source: airflow/api_fastapi/core_api/routes/public/connections.py, `test_connection` of Airflow 3.
 */
export function hasDifferentConnectionText(response: StatusAndBody): boolean {
  return getText(response, 'detail')?.includes('differs from the stored connection') ?? false;
}

/**
 * Whether an error of a bulk request concerns a connection. Airflow names them within a Python set printed as text,
 * `{'a', 'b'}`; ids cannot hold quotes. Without a match the write counts as unconfirmed.
 * Source: airflow/api_fastapi/core_api/services/public/connections.py, `BulkConnectionService`.
 */
export function namesConnection(error: string, id: string): boolean {
  return error.includes(`'${id}'`);
}

/**
 * Whether a response has the format of Airflow's errors: `detail` (Airflow 3), `title` (Airflow 2), or `error` for a path
 * that Airflow 3 does not have. Otherwise something in front of Airflow responded, usually for a short time, and a retry is
 * right. The exceptions are Airflow's own plain-text 500 and the 404 page of Airflow 2 for paths outside of its API.
 * Sources: FastAPI's HTTPException; airflow/api_fastapi/core_api/app.py (`error`); airflow/api_connexion/exceptions.py.
 */
export function hasAirflowFormat({ status, json }: StatusAndBody): boolean {
  if (typeof json !== 'object' || json === null) return false;
  return 'detail' in json || 'title' in json || (status === 404 && 'error' in json);
}

/** `detail` may be text, an object, a list or absent; only text is of use here. */
function getText({ json }: StatusAndBody, field: 'detail' | 'title'): string | undefined {
  const value = (json as Record<string, unknown> | null | undefined)?.[field];
  return typeof value === 'string' ? value : undefined;
}
