// Owns the making of an Airflow with all its parts, signed in to with a password, for tests of what it does on the wire.
import type { AirflowApi } from '../../../src/activities/ports.js';
import { createAirflow, type AirflowOptions } from '../../../src/adapters/airflow/airflow.js';
import { AwsSessions } from '../../../src/adapters/aws/aws-sessions.js';
import { createHttpClient } from '../../../src/adapters/http.js';
import { Secret } from '../../../src/secret.js';

export const PASSWORD = 'login-password-that-must-not-show';

export function connect(url: string, more: Partial<AirflowOptions> = {}): AirflowApi {
  return createAirflow({
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
