// Owns what the sandbox itself asks of an Airflow's REST API, real or stand-in: reading and seeding connections.
// Not the product's client: that one is under test.

/** Where an Airflow is, and who we are there. */
export interface AirflowLogin {
  url: string;
  username: string;
  password: string;
  /** Who seeds and reads instead, where the user above may do less. */
  users?: { readonly admin: { readonly username: string; readonly password: string } };
  /** Number of its REST API; default: 2. */
  api?: 1 | 2;
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
  const authorization = await signIn(airflow);
  const { password, ...others } = connection;
  const body = password === null && airflow.api === 1 ? others : connection; // API 1 refuses a null there
  await send(
    airflow,
    authorization,
    'DELETE',
    connectionPath(connection.connection_id),
    undefined,
    [204, 404],
  );
  await send(airflow, authorization, 'POST', '/connections', body, [200, 201]);
}

/**
 * Deletes the connection.
 * @throws Error as {@link seedConnection}, also when there is none
 */
export async function deleteConnection(airflow: AirflowLogin, connectionId: string): Promise<void> {
  await send(airflow, await signIn(airflow), 'DELETE', connectionPath(connectionId), undefined, [204]);
}

/** The connection as the API shows it, its password masked or left out; undefined when there is none. */
export async function readConnection(
  airflow: AirflowLogin,
  connectionId: string,
): Promise<Record<string, unknown> | undefined> {
  const path = connectionPath(connectionId);
  const answer = await send(airflow, await signIn(airflow), 'GET', path, undefined, [200, 404]);
  return answer.status === 404 ? undefined : ((await answer.json()) as Record<string, unknown>);
}

/**
 * Creates the variable, or replaces it.
 * @throws Error as {@link seedConnection}
 */
export async function seedVariable(airflow: AirflowLogin, key: string, value: string): Promise<void> {
  const authorization = await signIn(airflow);
  await send(
    airflow,
    authorization,
    'DELETE',
    `/variables/${encodeURIComponent(key)}`,
    undefined,
    [204, 404],
  );
  await send(airflow, authorization, 'POST', '/variables', { key, value }, [200, 201]);
}

function connectionPath(connectionId: string): string {
  return `/connections/${encodeURIComponent(connectionId)}`;
}

/**
 * The Authorization header: Airflow 2 takes user and password, Airflow 3 a token that it gives for them.
 * @throws Error as {@link seedConnection}
 */
export async function signIn(airflow: AirflowLogin): Promise<string> {
  const { username, password } = airflow.users?.admin ?? airflow;
  if (airflow.api === 1) {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  const answer = await request(`${airflow.url}/auth/token`, undefined, 'POST', { username, password });
  if (answer.status !== 201) throw refusal('POST', '/auth/token', answer);
  return `Bearer ${((await answer.json()) as { access_token: string }).access_token}`;
}

async function send(
  airflow: AirflowLogin,
  authorization: string,
  method: string,
  path: string,
  body: unknown,
  expected: number[],
): Promise<Response> {
  const route = `/api/v${airflow.api ?? 2}${path}`;
  const answer = await request(`${airflow.url}${route}`, authorization, method, body);
  if (expected.includes(answer.status)) return answer;
  throw refusal(method, route, answer);
}

function request(
  url: string,
  authorization: string | undefined,
  method: string,
  body: unknown,
): Promise<Response> {
  const headers: Record<string, string> = {};
  if (authorization !== undefined) headers['Authorization'] = authorization;
  if (body !== undefined) headers['Content-Type'] = 'application/json'; // API 1 answers 400 when there is no body then
  return fetch(url, {
    method,
    headers,
    signal: AbortSignal.timeout(30_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

function refusal(method: string, route: string, answer: Response): Error {
  return new Error(`Airflow of the sandbox: ${method} ${route} was answered with HTTP ${answer.status}`);
}
