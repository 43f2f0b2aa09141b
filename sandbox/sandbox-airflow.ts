// Owns which Airflow a sandbox gets, the real one or the stand-in, and the connection that is seeded there.
import { randomBytes } from 'node:crypto';
import { readConnection, seedConnection } from './airflow/rest.js';
import { ensureAirflow, startAirflow, type Airflow } from './airflow.js';
import { startAirflowStandIn, type AirflowStandIn } from './airflow-stand-in.js';
import type { AwsStandIn } from './aws.js';
import { findPython } from './python-tools.js';

/** The Airflow of a sandbox, and who we are there. */
export type SandboxAirflow =
  ({ kind: 'real' } & Airflow) | ({ kind: 'stand-in'; username: string; password: string } & AirflowStandIn);

/** Which Airflow to start. `auto`: the real one where it can be installed, else the stand-in, saying why. */
export type AirflowChoice = 'real' | 'stand-in' | 'auto';

/** The connection that every sandbox has. */
export const SEEDED_CONNECTION = 'docker_default';

/** Starts the Airflow that was chosen. */
export async function startSandboxAirflow(
  choice: AirflowChoice,
  options: { stateFolder: string; port: number },
  say: (line: string) => void,
): Promise<SandboxAirflow> {
  if (choice === 'real' || (choice === 'auto' && (await canInstallAirflow(say)))) {
    return { kind: 'real', ...(await startAirflow({ ...options, say })) };
  }
  const [username, password] = ['op', randomBytes(18).toString('base64url')];
  const users = [{ username, password, role: 'op' as const }];
  const standIn = await startAirflowStandIn({ users, port: options.port });
  return { kind: 'stand-in', username, password, ...standIn };
}

async function canInstallAirflow(say: (line: string) => void): Promise<boolean> {
  try {
    await findPython();
    await ensureAirflow(say);
    return true;
  } catch (error) {
    say(`Airflow is stood in for, as the real one cannot be installed here. ${(error as Error).message}`);
    return false;
  }
}

/**
 * Puts the connection to the sandbox's registry there, with a token that has expired: what a user has on the
 * morning after. One that is there for this registry already is left alone, with the password that it has.
 */
export async function seedDockerDefault(
  airflow: SandboxAirflow,
  registryHost: string,
  aws: AwsStandIn,
): Promise<void> {
  const existing = await readConnection(airflow, SEEDED_CONNECTION);
  if (existing?.['host'] === registryHost) return;
  await seedConnection(airflow, {
    connection_id: SEEDED_CONNECTION,
    conn_type: 'docker',
    host: registryHost,
    login: 'AWS',
    password: aws.mintToken({ lifeSeconds: 0 }).password,
    schema: 'production',
    extra: '{"email":"ops@example.com"}',
    description: 'ECR, for the DockerOperators of the data team',
  });
}
