// A run with two workers on one task queue. Every call passes a proxy that can hold it; Temporal shows which worker
// makes the call. Every fleet has its own task queue, connection, AWS and registry.
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
import { parseIdentity } from '../../../src/temporal/worker-identity.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { RefreshInput } from '../../../src/workflows/refresh-credentials.js';
import { startBuiltWorker } from '../start-built-worker.js';

/** The real services that all fleets share. */
export interface Services {
  readonly folder: string;
  readonly airflow: Airflow;
  readonly client: Client;
  readonly temporalAddress: string;
  /** `unix://…`; undefined: no Docker login. */
  readonly engine: string | undefined;
  readonly awsSecretKey: string;
}

export type ConnectionRow = Readonly<Record<string, string>>;

export type Run = WorkflowHandle<(input: RefreshInput) => Promise<RefreshReport>>;

export interface FleetWorker extends Child {
  /** Its HOME and working folder, with its TMPDIR in `tmp`; the worker must leave nothing else there. */
  readonly home: string;
}

/** The step that a run waits for, the worker that executes it, and the other worker. */
export interface StepInProgress {
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
  findStepInProgress(run: Run): Promise<StepInProgress>;
  stop(): Promise<void>;
}

/** As `schedule apply` sets them with the defaults of `schedule`. */
const RETRY_FOR_MS = 225 * 60_000;
const EXECUTION_TIMEOUT = '230 min';

export async function startFleet(services: Services, name: string): Promise<Fleet> {
  const stops = new Cleanup();
  try {
    return await startParts(services, name, stops);
  } catch (error) {
    await stops.stopAll();
    throw error;
  }
}

async function startParts(services: Services, name: string, stops: Cleanup): Promise<Fleet> {
  const folder = join(services.folder, name);
  mkdirSync(folder);
  const aws = stops.add(await startAwsStandIn());
  const gate = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
  const addProxy = async (upstream: string, socketPath?: string) =>
    stops.add(await startPausingProxy({ upstream, socketPath }));
  const proxies = {
    airflow: await addProxy(services.airflow.url),
    ecr: await addProxy(aws.url),
    sts: await addProxy(aws.url),
    registry: await addProxy(gate.url),
    engine: await addProxy(services.engine ?? 'unix:///dev/null', join(folder, 'engine.sock')),
  };
  await seedConnection(services.airflow, {
    connection_id: name,
    conn_type: 'docker',
    host: getHost(proxies.registry),
    login: 'AWS',
    password: 'stale',
    schema: 'kept',
    extra: '{"email": "ops@example.com"}',
    description: 'Must not change: "quotes", byte for byte.',
  });
  const rowBefore = await readConnectionRow(services.airflow, name);
  const configPath = join(folder, 'refresh.yaml');
  writeFileSync(configPath, formatConfig(services, name, proxies));
  const env = {
    ...aws.env,
    AWS_SECRET_ACCESS_KEY: services.awsSecretKey,
    AWS_ENDPOINT_URL_ECR: proxies.ecr.url,
    AWS_ENDPOINT_URL_STS: proxies.sts.url,
    TEMPORAL_ADDRESS: services.temporalAddress,
    AIRFLOW_PASSWORD: services.airflow.password,
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
    startRun: () => startRun(services, name),
    findStepInProgress: (run) => readStepInProgress(run, workers),
    stop: () => stops.stopAll(),
  };
}

function formatConfig(services: Services, name: string, proxies: Fleet['proxies']): string {
  const engines = services.engine === undefined ? '' : `"${proxies.engine.url}"`;
  return `version: 1
temporal: {taskQueue: ${name}}
airflows:
  - name: main
    url: ${proxies.airflow.url}
    auth: {username: ${services.airflow.username}, password: {env: AIRFLOW_PASSWORD}}
    connections: [${name}]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${getHost(proxies.registry)}"}
docker: {engines: [${engines}]}
`;
}

function getHost(proxy: PausingProxy): string {
  return new URL(proxy.url).host;
}

function startRun(services: Services, name: string): Promise<Run> {
  return services.client.workflow.start<(input: RefreshInput) => Promise<RefreshReport>>(
    'refreshCredentials',
    {
      taskQueue: name,
      workflowId: name,
      workflowExecutionTimeout: EXECUTION_TIMEOUT,
      args: [{ retryForMs: RETRY_FOR_MS }],
    },
  );
}

async function readStepInProgress(run: Run, workers: readonly FleetWorker[]): Promise<StepInProgress> {
  const { raw } = await run.describe();
  const [activity, ...more] = raw.pendingActivities ?? [];
  assert.ok(activity && more.length === 0, 'not exactly one activity is in progress');
  const identity = activity.lastWorkerIdentity ?? '';
  const worker = workers.find(({ pid }) => parseIdentity(identity)?.pid === pid);
  const other = workers.find((candidate) => candidate !== worker);
  assert.ok(worker && other, `${identity} has the activity, and is not a worker of the fleet`);
  return { step: activity.activityType?.name ?? '', worker, other };
}

/** Starts `node dist/scripts/cli.js worker` without the user's environment. */
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
