// Owns one run by two workers of one task queue, each of whose calls passes a proxy that can hold it. Temporal itself
// says which of the two makes a call. Every fleet has a task queue, a connection, an AWS and a registry of its own.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { readConnectionRow, seedConnection, type Airflow } from '../../support/airflow.js';
import { startAwsStandIn, type AwsStandIn } from '../../support/aws.js';
import type { Child } from '../../../sandbox/child-process.js';
import { startPausingProxy, type PausingProxy } from '../../support/pausing-proxy.js';
import { startRegistry } from '../../support/registry.js';
import { Cleanup } from '../../../sandbox/cleanup.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { RefreshInput } from '../../../src/workflows/refresh-credentials.js';
import { startBuiltWorker } from '../start-built-worker.js';

/** The real parts that all fleets share. */
export interface Stage {
  readonly folder: string;
  readonly airflow: Airflow;
  readonly client: Client;
  readonly temporalAddress: string;
  /** `unix://…`; undefined: no sign-in from Docker. */
  readonly engine: string | undefined;
  readonly awsSecretKey: string;
}

export type ConnectionRow = Readonly<Record<string, string>>;

export type Run = WorkflowHandle<(input: RefreshInput) => Promise<RefreshReport>>;

export interface FleetWorker extends Child {
  /** Its HOME, working folder and, in `tmp`, its TMPDIR: nothing else is to be found there, whatever happens. */
  readonly home: string;
}

/** The step that a run waits for, which of the workers has it, and the other one. */
export interface StepUnderWay {
  readonly step: string;
  readonly worker: FleetWorker;
  readonly other: FleetWorker;
}

export interface Fleet {
  readonly connection: string;
  /** The connection as Airflow stored it before the run. */
  readonly rowBefore: ConnectionRow | undefined;
  readonly aws: AwsStandIn;
  readonly proxies: Record<'airflow' | 'ecr' | 'sts' | 'registry' | 'engine', PausingProxy>;
  readonly workers: readonly FleetWorker[];
  startRun(): Promise<Run>;
  stepUnderWay(run: Run): Promise<StepUnderWay>;
  stop(): Promise<void>;
}

/** As `schedule apply` would have them with the defaults of `schedule`. */
const RETRY_FOR_MS = 225 * 60_000;
const EXECUTION_TIMEOUT = '230 min';

export async function startFleet(stage: Stage, name: string): Promise<Fleet> {
  const stops = new Cleanup();
  try {
    return await startParts(stage, name, stops);
  } catch (error) {
    await stops.stopAll();
    throw error;
  }
}

async function startParts(stage: Stage, name: string, stops: Cleanup): Promise<Fleet> {
  const folder = join(stage.folder, name);
  mkdirSync(folder);
  const aws = stops.add(await startAwsStandIn());
  const gate = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
  const before = async (upstream: string, socketPath?: string) =>
    stops.add(await startPausingProxy({ upstream, socketPath }));
  const proxies = {
    airflow: await before(stage.airflow.url),
    ecr: await before(aws.url),
    sts: await before(aws.url),
    registry: await before(gate.url),
    engine: await before(stage.engine ?? 'unix:///dev/null', join(folder, 'engine.sock')),
  };
  await seedConnection(stage.airflow, {
    connection_id: name,
    conn_type: 'docker',
    host: hostOf(proxies.registry),
    login: 'AWS',
    password: 'stale',
    schema: 'kept',
    extra: '{"email": "ops@example.com"}',
    description: 'Kept: "as it is", byte for byte.',
  });
  const rowBefore = await readConnectionRow(stage.airflow, name);
  const configPath = join(folder, 'refresh.yaml');
  writeFileSync(configPath, configOf(stage, name, proxies));
  const env = {
    ...aws.env,
    AWS_SECRET_ACCESS_KEY: stage.awsSecretKey,
    AWS_ENDPOINT_URL_ECR: proxies.ecr.url,
    AWS_ENDPOINT_URL_STS: proxies.sts.url,
    TEMPORAL_ADDRESS: stage.temporalAddress,
    AIRFLOW_PASSWORD: stage.airflow.password,
    ECR_REFRESH_CONFIG: configPath,
  };
  const start = async (which: string) => stops.add(await startFleetWorker(folder, which, env));
  const workers = await Promise.all([start('first'), start('second')]);
  return {
    connection: name,
    rowBefore,
    aws,
    proxies,
    workers,
    startRun: () => startRun(stage, name),
    stepUnderWay: (run) => findStepUnderWay(run, workers),
    stop: () => stops.stopAll(),
  };
}

function configOf(stage: Stage, name: string, proxies: Fleet['proxies']): string {
  const engines = stage.engine === undefined ? '' : `"${proxies.engine.url}"`;
  return `version: 1
temporal: {taskQueue: ${name}}
airflows:
  - name: main
    url: ${proxies.airflow.url}
    auth: {username: ${stage.airflow.username}, password: {env: AIRFLOW_PASSWORD}}
    connections: [${name}]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${hostOf(proxies.registry)}"}
docker: {engines: [${engines}]}
`;
}

function hostOf(proxy: PausingProxy): string {
  return new URL(proxy.url).host;
}

function startRun(stage: Stage, name: string): Promise<Run> {
  return stage.client.workflow.start<(input: RefreshInput) => Promise<RefreshReport>>('refreshCredentials', {
    taskQueue: name,
    workflowId: name,
    workflowExecutionTimeout: EXECUTION_TIMEOUT,
    args: [{ retryForMs: RETRY_FOR_MS }],
  });
}

async function findStepUnderWay(run: Run, workers: readonly FleetWorker[]): Promise<StepUnderWay> {
  const { raw } = await run.describe();
  const [activity, ...more] = raw.pendingActivities ?? [];
  assert.ok(activity && more.length === 0, 'one activity is under way');
  const identity = activity.lastWorkerIdentity ?? '';
  const worker = workers.find(({ pid }) => identity.endsWith(`#${pid}`));
  const other = workers.find((candidate) => candidate !== worker);
  assert.ok(worker && other, `a worker of the fleet has it, not ${identity}`);
  return { step: activity.activityType?.name ?? '', worker, other };
}

/** Starts `node dist/scripts/cli.js worker` with nothing of the user's own environment. */
async function startFleetWorker(
  folder: string,
  which: string,
  env: Record<string, string>,
): Promise<FleetWorker> {
  const home = join(folder, `home-${which}`);
  mkdirSync(join(home, 'tmp'), { recursive: true });
  const logFile = join(folder, `${which}.log`);
  const worker = await startBuiltWorker({
    name: `The ${which} worker`,
    env: { ...env, PATH: process.env['PATH'], HOME: home, TMPDIR: join(home, 'tmp') },
    logFile,
    cwd: home,
  });
  return { ...worker, home };
}
