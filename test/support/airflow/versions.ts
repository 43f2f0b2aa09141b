// The Airflow kinds that tests can start, each with its release, requirements, auth manager and REST API.
import { fileURLToPath } from 'node:url';
import { AIRFLOW, type AirflowRelease } from '../../../sandbox/airflow/installation.js';

export type AirflowVersion = '3.4' | '3.3' | '3.1' | '3.0' | '2.11' | '2.10';

/**
 * `simple`: SimpleAuthManager, the default of Airflow 3. `fab`: Flask AppBuilder with its roles, the only one of
 * Airflow 2.
 */
export type AuthManager = 'simple' | 'fab';

export interface AirflowKind extends AirflowRelease {
  readonly version: AirflowVersion;
  readonly auth: AuthManager;
  /** Version of its REST API: v2 requires a JWT, v1 user and password in each request. */
  readonly api: 1 | 2;
}

/** The first is that of the sandbox. */
export const AIRFLOW_KINDS: readonly AirflowKind[] = [
  { ...AIRFLOW, version: '3.3', auth: 'simple', api: 2 },
  kind({ name: '3.3-fab', version: '3.3', release: '3.3.2', auth: 'fab', newestPython: 14 }),
  kind({
    name: '3.4',
    version: '3.4',
    release: '3.4.0b2',
    auth: 'simple',
    oldestPython: 11,
    newestPython: 14,
  }),
  kind({ name: '3.1', version: '3.1', release: '3.1.8', auth: 'simple', newestPython: 13 }),
  kind({ name: '3.0', version: '3.0', release: '3.0.6', auth: 'simple', newestPython: 12 }),
  kind({ name: '2.11', version: '2.11', release: '2.11.2', auth: 'fab', newestPython: 12 }),
  kind({ name: '2.10', version: '2.10', release: '2.10.5', auth: 'fab', newestPython: 12 }),
];

function kind(facts: Omit<AirflowKind, 'api' | 'requirements'>): AirflowKind {
  const requirements = fileURLToPath(new URL(`./requirements-${facts.name}.txt`, import.meta.url));
  return { ...facts, api: facts.version.startsWith('2.') ? 1 : 2, requirements };
}

/**
 * The kind with this version (default: 3.3) and this auth manager (default: the version's default).
 * @throws Error with the list of kinds
 */
export function airflowKind(version: AirflowVersion = '3.3', auth?: AuthManager): AirflowKind {
  const found = AIRFLOW_KINDS.find((one) => one.version === version && one.auth === (auth ?? one.auth));
  if (found !== undefined) return found;
  const known = AIRFLOW_KINDS.map((one) => `${one.version} with ${one.auth}`).join(', ');
  throw new Error(`The sandbox has no Airflow ${version} with ${auth}. Fix: Use one of ${known}.`);
}
