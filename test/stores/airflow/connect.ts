// An Airflow store with password login and all its parts, for tests of its requests.
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { createAirflowStore, type AirflowOptions } from '../../../src/stores/airflow/airflow-store.js';
import { AwsSessions } from '../../../src/aws/aws-sessions.js';
import { createHttpClient } from '../../../src/net/http.js';
import { Secret } from '../../../src/log/secret.js';

export const PASSWORD = 'login-password-that-must-not-show';

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
