// Creates, reads and deletes connections and variables through Airflow's REST API, v1 or v2, as an administrator.
import {
  callAirflow,
  logIn as logInForToken,
  type AirflowLogin as Login,
  type SeedConnection,
} from '../../../sandbox/airflow/rest.js';

export type { SeedConnection } from '../../../sandbox/airflow/rest.js';

const SEEDED_AT_ONCE = 500;

/** The URL of an Airflow instance, and the users of the test there. */
export interface AirflowLogin extends Login {
  /** The administrator to use instead, if the user above has fewer permissions. */
  users?: { readonly admin: { readonly username: string; readonly password: string } };
  /** Version of its REST API; default: 2. */
  api?: 1 | 2;
}

/**
 * Creates the connection. An existing one is deleted first, because an update cannot clear a password.
 * @throws Error with status and route when Airflow rejects a request; never with the body, which repeats the password
 */
export async function seedConnection(airflow: AirflowLogin, connection: SeedConnection): Promise<void> {
  const authorization = await logIn(airflow);
  const { password, ...others } = connection;
  const body = password === null && airflow.api === 1 ? others : connection; // v1 rejects null
  const path = connectionPath(connection.connection_id);
  await send(airflow, authorization, 'DELETE', path, undefined, [204, 404]);
  await send(airflow, authorization, 'POST', '/connections', body, [200, 201]);
}

/**
 * Creates connections with Airflow 3's bulk requests.
 * @throws Error as {@link seedConnection}, also when one of them is not created
 */
export async function seedConnections(
  airflow: AirflowLogin,
  connections: readonly SeedConnection[],
): Promise<void> {
  const authorization = await logIn(airflow);
  for (let start = 0; start < connections.length; start += SEEDED_AT_ONCE) {
    const entities = connections.slice(start, start + SEEDED_AT_ONCE);
    const body = { actions: [{ action: 'create', entities }] };
    const answer = await send(airflow, authorization, 'PATCH', '/connections', body, [200]);
    const { create } = (await answer.json()) as { create?: { success: unknown[] } };
    if (create?.success.length === entities.length) continue;
    throw new Error(`Airflow created ${create?.success.length} connections instead of ${entities.length}`);
  }
}

/**
 * Deletes the connection.
 * @throws Error as {@link seedConnection}, also when it does not exist
 */
export async function deleteConnection(airflow: AirflowLogin, connectionId: string): Promise<void> {
  await send(airflow, await logIn(airflow), 'DELETE', connectionPath(connectionId), undefined, [204]);
}

/** The connection as the API shows it, with its password masked or omitted; undefined when it does not exist. */
export async function readConnection(
  airflow: AirflowLogin,
  connectionId: string,
): Promise<Record<string, unknown> | undefined> {
  const path = connectionPath(connectionId);
  const answer = await send(airflow, await logIn(airflow), 'GET', path, undefined, [200, 404]);
  return answer.status === 404 ? undefined : ((await answer.json()) as Record<string, unknown>);
}

/**
 * Creates the variable, or replaces it.
 * @throws Error as {@link seedConnection}
 */
export async function seedVariable(airflow: AirflowLogin, key: string, value: string): Promise<void> {
  const authorization = await logIn(airflow);
  const path = `/variables/${encodeURIComponent(key)}`;
  await send(airflow, authorization, 'DELETE', path, undefined, [204, 404]);
  await send(airflow, authorization, 'POST', '/variables', { key, value }, [200, 201]);
}

/**
 * The Authorization header: user and password for Airflow 2, a session token for Airflow 3.
 * @throws Error as {@link seedConnection}
 */
export async function logIn(airflow: AirflowLogin): Promise<string> {
  const { username, password } = airflow.users?.admin ?? airflow;
  if (airflow.api === 1) {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  return logInForToken({ url: airflow.url, username, password });
}

function connectionPath(connectionId: string): string {
  return `/connections/${encodeURIComponent(connectionId)}`;
}

function send(
  airflow: AirflowLogin,
  authorization: string,
  method: string,
  path: string,
  body: unknown,
  expected: number[],
): Promise<Response> {
  const route = `/api/v${airflow.api ?? 2}${path}`;
  return callAirflow({ url: airflow.url, authorization, method, route, body }, expected);
}
