// Starts the Airflow of the sandbox, real or stand-in, and creates the connection to refresh.
import { randomBytes } from 'node:crypto';
import { AIRFLOW, installAirflow } from './airflow/installation.js';
import { readConnection, seedConnection, type AirflowLogin } from './airflow/rest.js';
import { startAirflow, type Airflow } from './airflow.js';
import { startAirflowStandIn, type AirflowStandIn } from './airflow-stand-in.js';

/** The Airflow of a sandbox, and a user for it. */
export type SandboxAirflow =
  ({ kind: 'real' } & Airflow) | ({ kind: 'stand-in'; username: string; password: string } & AirflowStandIn);

/** The id of the connection that every sandbox has. */
export const SEEDED_CONNECTION = 'docker_default';

/** Starts Airflow if it can be installed; otherwise reports why and starts the stand-in. */
export async function startSandboxAirflow(options: {
  stateFolder: string;
  port: number;
  say: (line: string) => void;
}): Promise<SandboxAirflow> {
  if (await canInstallAirflow(options.say)) return { kind: 'real', ...(await startAirflow(options)) };
  return startSandboxStandIn(options.port);
}

export async function startSandboxStandIn(port: number): Promise<SandboxAirflow> {
  const [username, password] = ['op', randomBytes(18).toString('base64url')];
  const standIn = await startAirflowStandIn({ users: [{ username, password, role: 'op' }], port });
  return { kind: 'stand-in', username, password, ...standIn };
}

async function canInstallAirflow(say: (line: string) => void): Promise<boolean> {
  try {
    await installAirflow(AIRFLOW, say);
    return true;
  } catch (error) {
    say(`Airflow could not be installed; using a stand-in. ${(error as Error).message}`);
    return false;
  }
}

/**
 * Creates the connection to the sandbox's registry with an expired token, as after 12 hours without a refresh. An
 * existing connection to this registry is not changed.
 */
export async function seedDockerDefault(
  airflow: AirflowLogin,
  registryHost: string,
  expiredToken: string,
): Promise<void> {
  const existing = await readConnection(airflow, SEEDED_CONNECTION);
  if (existing?.['host'] === registryHost) return;
  await seedConnection(airflow, {
    connection_id: SEEDED_CONNECTION,
    conn_type: 'docker',
    host: registryHost,
    login: 'AWS',
    password: expiredToken,
    schema: 'production',
    extra: '{"email":"ops@example.com"}',
    description: 'ECR, for the DockerOperators of the data team',
  });
}
