// Shared by tests of requests to Airflow: a store with all its parts, which logs in with a password, and a connection.
import type { ConnectionRecord } from '../../../src/refresh/check-connection.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { createAirflowStore, type AirflowOptions } from '../../../src/stores/airflow/airflow-store.js';
import { AwsSessions } from '../../../src/aws/aws-sessions.js';
import { createHttpClient } from '../../../src/net/http.js';
import { Secret } from '../../../src/log/secret.js';
import { anySignal } from '../../support/local-server.js';

export const PASSWORD = 'login-password-that-must-not-show';

/** A connection to create. */
export const NEW = { id: 'new', host: 'registry.example.com', description: 'created by a test' };

/** What Airflow stores when `NEW` is created with this password. */
export function createdWith(password: string) {
  return {
    connection_id: 'new',
    conn_type: 'docker',
    host: 'registry.example.com',
    login: 'AWS',
    description: 'created by a test',
    password,
    schema: null,
    port: null,
    extra: null,
  };
}

export function connect(url: string, more: Partial<AirflowOptions> = {}): AirflowStore {
  return createAirflowStore({
    name: 'main',
    url,
    auth: { kind: 'password', username: 'op', readPassword: () => new Secret(PASSWORD) },
    version: 'auto',
    headers: [],
    http: createHttpClient({ version: '0' }),
    aws: new AwsSessions(),
    now: () => 0,
    ...more,
  });
}

/** Writes one connection and returns it as Airflow did; undefined when it is missing. */
export async function writeOne(
  store: AirflowStore,
  connection: ConnectionRecord,
  password: string,
): Promise<ConnectionRecord | undefined> {
  const [result] = await store.write([connection], new Secret(password), anySignal());
  return result?.outcome === 'written' ? result.record : undefined;
}
