// Owns what the sandbox itself asks of an Airflow's REST API, real or stand-in: reading and seeding connections.
// Not the product's client: that one is under test.

/** Where an Airflow is, and who we are there. */
export interface AirflowLogin {
  url: string;
  username: string;
  password: string;
}

/** A connection to be put there. What is not given becomes null. */
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
}

/**
 * Creates the connection, or replaces it whole: an update could not empty a password.
 * @throws Error with status and route when Airflow refuses; never with the body, which repeats the password
 */
export async function seedConnection(airflow: AirflowLogin, connection: SeedConnection): Promise<void> {
  const token = await signIn(airflow);
  const path = `/api/v2/connections/${encodeURIComponent(connection.connection_id)}`;
  await send(airflow, token, 'DELETE', path, undefined, [204, 404]);
  await send(airflow, token, 'POST', '/api/v2/connections', connection, [201]);
}

/** The connection as the API shows it, its password masked; undefined when there is none. */
export async function readConnection(
  airflow: AirflowLogin,
  connectionId: string,
): Promise<Record<string, unknown> | undefined> {
  const path = `/api/v2/connections/${encodeURIComponent(connectionId)}`;
  const answer = await send(airflow, await signIn(airflow), 'GET', path, undefined, [200, 404]);
  return answer.status === 404 ? undefined : ((await answer.json()) as Record<string, unknown>);
}

async function signIn(airflow: AirflowLogin): Promise<string> {
  const { username, password } = airflow;
  const answer = await send(airflow, undefined, 'POST', '/auth/token', { username, password }, [201]);
  return ((await answer.json()) as { access_token: string }).access_token;
}

async function send(
  airflow: AirflowLogin,
  token: string | undefined,
  method: string,
  path: string,
  body: unknown,
  expected: number[],
): Promise<Response> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
  const answer = await fetch(`${airflow.url}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (expected.includes(answer.status)) return answer;
  throw new Error(`Airflow of the sandbox: ${method} ${path} was answered with HTTP ${answer.status}`);
}
