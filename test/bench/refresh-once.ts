// `refresh-once` with many connections of a real Airflow 3, compared with the bare HTTP requests that it needs.
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callAirflow, logIn, type AirflowLogin } from '../../sandbox/airflow/rest.js';
import type { Cleanup } from '../../sandbox/cleanup.js';
import { startAirflow, type Airflow } from '../support/airflow.js';
import { seedConnections } from '../support/airflow/rest.js';
import { startAwsStandIn } from '../support/aws.js';
import { startRegistry } from '../support/registry.js';
import { formatConfig } from './bench-config.js';
import { createLoopDelay } from './loop-delay.js';
import type { Series } from './series.js';
import { privateEnv, timeNode } from './timed-process.js';

const FLOOR = fileURLToPath(new URL('./floor-refresh.mjs', import.meta.url));

export async function createRefreshSeries(
  cli: string,
  folder: string,
  stops: Cleanup,
  count: number,
  rounds = 3,
): Promise<Series> {
  const aws = stops.add(await startAwsStandIn());
  const registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
  const airflow = await startSeededAirflow(
    folder,
    stops,
    registry.host,
    aws.mintToken({ lifeSeconds: 0 }).password,
    count,
  );
  const configPath = join(folder, 'refresh-once.yaml');
  const delay = createLoopDelay(folder);

  async function runFloor(): Promise<number> {
    const { url, username, password } = airflow.current();
    const env = { AIRFLOW_URL: url, AIRFLOW_USERNAME: username, AIRFLOW_PASSWORD: password };
    const { ms, stdout } = await timeNode([FLOOR], { ...privateEnv(folder), ...env });
    return assertCount('floor', Number(stdout), count, ms);
  }

  async function runProduct(): Promise<number> {
    const { url, username, password } = airflow.current();
    const connections = '[{match: "bench_*"}]';
    const config = { airflowUrl: url, username, connections, registryHost: registry.host };
    writeFileSync(configPath, formatConfig(config));
    const args = [...delay.args, cli, 'refresh-once', '--json', '--config', configPath];
    const env = { ...privateEnv(folder), ...aws.env, ...delay.env, AIRFLOW_PASSWORD: password };
    const { ms, stdout } = await timeNode(args, env);
    delay.record();
    const { stores } = JSON.parse(stdout) as { stores: { refreshed: number }[] };
    return assertCount('refresh-once', stores[0]?.refreshed, count, ms);
  }

  return {
    title: `refresh-once, ${count.toLocaleString('en')} connections`,
    rounds,
    floor: { name: 'bare HTTP', prepare: airflow.restart, run: runFloor },
    others: [
      {
        name: 'refresh-once',
        target: { factor: 1, plusMs: count < 10_000 ? 800 : 0 },
        prepare: airflow.restart,
        run: runProduct,
        getLongestDelayMs: delay.getLongestMs,
      },
    ],
  };
}

interface RestartedAirflow {
  readonly current: () => Airflow;
  /** For each contestant: the same database and a new process, since Airflow slows down with each token it loads. */
  readonly restart: () => Promise<void>;
}

/** @param password initial password of the connections; as long as a token, since reading it also costs Airflow time */
async function startSeededAirflow(
  folder: string,
  stops: Cleanup,
  host: string,
  password: string,
  count: number,
): Promise<RestartedAirflow> {
  let airflow = await startAirflow({ stateFolder: folder });
  stops.add({ stop: () => airflow.stop() });
  const ids = Array.from({ length: count }, (_, index) => `bench_${String(index).padStart(6, '0')}`);
  await seedConnections(
    airflow,
    ids.map((connection_id) => ({ connection_id, conn_type: 'docker', host, login: 'AWS', password })),
  );
  await airflow.stop();
  const seeded = join(folder, 'seeded.db');
  copyFileSync(airflow.dbFile, seeded);
  return {
    current: () => airflow,
    async restart() {
      await airflow.stop();
      for (const suffix of ['-wal', '-shm', '-journal'])
        rmSync(`${airflow.dbFile}${suffix}`, { force: true });
      copyFileSync(seeded, airflow.dbFile);
      airflow = await startAirflow({ stateFolder: folder });
      await warmUp(airflow);
    },
  };
}

/** Sends one request of each kind, so that no contestant pays for what Airflow loads lazily. Changes nothing. */
async function warmUp(airflow: AirflowLogin): Promise<void> {
  const call = { url: airflow.url, authorization: await logIn(airflow) };
  const route = '/api/v2/connections';
  await callAirflow({ ...call, method: 'GET', route: `${route}?limit=1` }, [200]);
  const entities = [{ connection_id: 'missing', conn_type: 'docker', password: 'unused' }];
  const body = { actions: [{ action: 'update', entities, action_on_non_existence: 'fail' }] };
  await callAirflow({ ...call, method: 'PATCH', route, body }, [200]);
}

function assertCount(name: string, actual: number | undefined, expected: number, ms: number): number {
  if (actual === expected) return ms;
  throw new Error(`${name} updated ${actual} connections instead of ${expected}`);
}
