// Reads and creates connections through Airflow's REST API, for the sandbox. This is not the product's client.

/** The URL of an Airflow instance, and the user of the sandbox there. */
export interface AirflowLogin {
  url: string;
  username: string;
  password: string;
}

/** A connection to create. Omitted fields become null. */
export interface SeedConnection {
  connection_id: string;
  conn_type: string;
  host?: string | null;
  login?: string | null;
  password?: string | null;
  schema?: string | null;
  port?: number | null;
  /** A JSON object as text. */
  extra?: string | null;
  description?: string | null;
  /** Airflow 3.4, with `[core] multi_team`. */
  team_name?: string | null;
}

/** Logs in and returns the Authorization header. @throws Error as {@link callAirflow} */
export async function logIn({ url, username, password }: AirflowLogin): Promise<string> {
  const credentials = { username, password };
  const answer = await callAirflow({ url, method: 'POST', route: '/auth/token', body: credentials }, [201]);
  return `Bearer ${((await answer.json()) as { access_token: string }).access_token}`;
}

/** The connection as the API shows it, its password masked; undefined when it does not exist. */
export async function readConnection(
  airflow: AirflowLogin,
  connectionId: string,
): Promise<Record<string, unknown> | undefined> {
  const authorization = await logIn(airflow);
  const route = `/api/v2/connections/${encodeURIComponent(connectionId)}`;
  const answer = await callAirflow({ url: airflow.url, authorization, method: 'GET', route }, [200, 404]);
  return answer.status === 404 ? undefined : ((await answer.json()) as Record<string, unknown>);
}

/** Creates the connection. An existing one is deleted first, because an update cannot clear a password. */
export async function seedConnection(airflow: AirflowLogin, connection: SeedConnection): Promise<void> {
  const call = { url: airflow.url, authorization: await logIn(airflow) };
  const route = '/api/v2/connections';
  const id = encodeURIComponent(connection.connection_id);
  await callAirflow({ ...call, method: 'DELETE', route: `${route}/${id}` }, [204, 404]);
  await callAirflow({ ...call, method: 'POST', route, body: connection }, [201]);
}

/**
 * Calls the API once.
 * @throws Error with route and status when the status is unexpected; never with the body, which repeats passwords
 */
export async function callAirflow(
  call: { url: string; authorization?: string; method: string; route: string; body?: unknown },
  expected: number[],
): Promise<Response> {
  const { url, authorization, method, route, body } = call;
  const headers: Record<string, string> = {};
  if (authorization !== undefined) headers['Authorization'] = authorization;
  if (body !== undefined) headers['Content-Type'] = 'application/json'; // v1 returns 400 for this header without a body
  const answer = await fetch(`${url}${route}`, {
    method,
    headers,
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (expected.includes(answer.status)) return answer;
  throw new Error(`Airflow of the sandbox: ${method} ${route} returned HTTP ${answer.status}`);
}
