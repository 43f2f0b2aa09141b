// A valid configuration for tests that need no file.
import type { AirflowSettings, RefreshConfig, StoreConfig } from '../../src/config/refresh-config.js';
import { Secret } from '../../src/log/secret.js';
import { computeIntervals, planSchedule } from '../../src/refresh/schedule-margins.js';

const HOUR_MS = 3_600_000;

/** The Airflow instance `main` with the connection `docker_default`, refreshed every 4 h. */
export function fakeConfig(overrides: Partial<RefreshConfig> = {}): RefreshConfig {
  return {
    hash: 'abcdef012345',
    path: 'refresh.yaml',
    stores: [fakeStoreConfig()],
    registries: [],
    requiresDocker: false,
    engines: [],
    images: [],
    schedule: planSchedule({
      id: 'ecr-refresh',
      cadence: { everyMs: 4 * HOUR_MS },
      times: computeIntervals(4 * HOUR_MS),
      allowNarrowMargin: false,
    }),
    taskQueue: 'ecr-refresh',
    warnings: [],
    ...overrides,
  };
}

/** The Airflow instance `main` with the connection `docker_default` and password authentication. */
export function fakeStoreConfig(overrides: Partial<StoreConfig> = {}): StoreConfig {
  const settings: AirflowSettings = {
    url: 'http://127.0.0.1:1',
    auth: { kind: 'password', username: 'ecr-refresh', readPassword: () => new Secret('not used') },
    version: 'auto',
    headers: [],
  };
  return {
    name: 'main',
    kind: 'airflow',
    deployment: 'http://127.0.0.1:1',
    connections: [{ kind: 'id', id: 'docker_default', ifMissing: 'fail' }],
    settings,
    ...overrides,
  };
}

/** The settings of an entry of `airflows`. */
export function airflowSettings(store: StoreConfig | undefined): AirflowSettings | undefined {
  return store?.settings as AirflowSettings | undefined;
}
