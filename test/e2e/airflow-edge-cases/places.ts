// Starts real Airflow instances, each behind a proxy that can pause a request, and runs `refresh-once` against them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedConnection, startAirflow, type Airflow, type SeedConnection } from '../../support/airflow.js';
import { decryptPasswords, readConnectionRows } from '../../support/airflow/database.js';
import type { AwsStandIn } from '../../support/aws.js';
import { startPausingProxy, type PausingProxy } from '../../support/pausing-proxy.js';
import { Cleanup } from '../../../sandbox/cleanup.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import { airflowKindsToTest } from '../airflow-kinds.js';
import { runCommandLine } from '../run-command-line.js';

export const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

export type Rows = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

/** An Airflow instance behind its proxy. */
export interface Place {
  /** Its name in the configuration. */
  readonly name: string;
  /** Replaced by a restart. */
  airflow: Airflow;
  readonly proxy: PausingProxy;
  /** Connections that every run refreshes; where Airflow has bulk requests, enough for one. */
  readonly usual: readonly string[];
}

export interface Places {
  readonly all: readonly Place[];
  /** The one with the newest Airflow. */
  readonly newest: Place;
  /** Writes a configuration of these instances; returns its path. */
  writeConfig(places: readonly Place[], more: readonly string[]): string;
  /** Runs `refresh-once` for these connections in addition to the usual ones. */
  refreshOnce(places: readonly Place[], aws: AwsStandIn, more: readonly string[]): Promise<RefreshReport>;
  /** Restarts it on the same port and database. */
  restart(place: Place, env?: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all instances in parallel, each with its usual connections. */
export async function startPlaces(): Promise<Places> {
  const stops = new Cleanup();
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-edge-cases-'));
  try {
    return await startParts(stateFolder, stops);
  } catch (error) {
    await stops.stopAll();
    rmSync(stateFolder, { recursive: true });
    throw error;
  }
}

async function startParts(stateFolder: string, stops: Cleanup): Promise<Places> {
  const all = await Promise.all(
    airflowKindsToTest().map(async ({ name, version, auth, api }): Promise<Place> => {
      const airflow = stops.add(await startAirflow({ stateFolder, version, auth }));
      const proxy = stops.add(await startPausingProxy({ upstream: airflow.url }));
      const usual = Array.from({ length: api === 2 ? 12 : 2 }, (_, index) => `usual_${index}`);
      for (const id of usual) await seed(airflow, id);
      return { name: `v${name.replaceAll('.', '-')}`, airflow, proxy, usual };
    }),
  );
  const newest = all.find(({ name }) => name === 'v3-3');
  assert.ok(newest);
  return {
    all,
    newest,
    writeConfig: (places, more) => writeConfig(stateFolder, places, more),
    async refreshOnce(places, aws, more) {
      const config = writeConfig(stateFolder, places, more);
      const env = {
        ...process.env,
        ...aws.env,
        HTTPS_PROXY: 'http://127.0.0.1:1',
        ECR_REFRESH_CONFIG: config,
      };
      const args = ['refresh-once', '--retry-for', '1s', '--json'];
      const { stdout, stderr } = await runCommandLine(args, env);
      assert.equal(stderr, '');
      return JSON.parse(stdout) as RefreshReport;
    },
    async restart(place, env) {
      const { version, auth, url, stop } = place.airflow;
      await stop();
      const port = Number(new URL(url).port);
      place.airflow = stops.add(await startAirflow({ stateFolder, version, auth, port, env }));
    },
    async stop() {
      await stops.stopAll();
      rmSync(stateFolder, { recursive: true });
    },
  };
}

function writeConfig(folder: string, places: readonly Place[], more: readonly string[]): string {
  const entries = places.map(({ name, proxy, airflow: { users }, usual }) => {
    const file = join(folder, `password-${name}`);
    writeFileSync(file, users.worker.password, { mode: 0o600 });
    return `  - name: ${name}
    url: ${proxy.url}
    auth: {username: ${users.worker.username}, password: {file: ${file}}}
    connections: [${[...usual, ...more].join(', ')}]
`;
  });
  const registry = '{name: test, account: "123456789012", region: us-east-1}';
  const file = join(folder, 'refresh.yaml');
  writeFileSync(
    file,
    `version: 1\nairflows:\n${entries.join('')}registries: [${registry}]\ndocker: {engines: []}\n`,
  );
  return file;
}

/** Creates a valid connection, with these changes. */
export function seed(airflow: Airflow, id: string, changes: Partial<SeedConnection> = {}): Promise<void> {
  return seedConnection(airflow, {
    connection_id: id,
    conn_type: 'docker',
    host: ECR_HOST,
    login: 'AWS',
    password: 'expired',
    schema: 'production',
    extra: '{"email": "ops@example.com"}',
    description: 'ECR, for the data team',
    ...changes,
  });
}

/** The database rows of the connections, by id; undefined for one that does not exist. */
export function readRows({ airflow }: Place, ids: readonly string[]): Promise<Rows> {
  return readConnectionRows(airflow, ids);
}

/** Asserts that the connections have this password, and that no other column of their rows changed. */
export async function assertWritten(
  place: Place,
  before: Rows,
  ids: readonly string[],
  password: string | undefined,
): Promise<void> {
  assert.ok(password);
  const after = await readRows(place, ids);
  for (const id of ids) {
    const was = before[id];
    assert.ok(was && after[id]);
    assert.notEqual(after[id]['password'], was['password'], id);
    assert.deepEqual({ ...after[id], password: was['password'] }, was);
  }
  const passwords = await decryptPasswords(place.airflow, ids);
  for (const id of ids) assert.equal(passwords[id], password, id);
}
