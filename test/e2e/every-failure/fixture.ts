// The complete main path, for tests that make it fail: a real Temporal and real workers, with stand-ins for Airflow,
// AWS, registry and Docker Engine that fail on demand. Every secret in it is random and listed by `secrets`.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import {
  startAirflowStandIn,
  type AirflowStandIn,
  type AirflowUser,
} from '../../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../../support/aws.js';
import type { Child } from '../../../sandbox/child-process.js';
import { startRegistry, type Registry } from '../../support/registry.js';
import { Cleanup } from '../../../sandbox/cleanup.js';
import { startTemporal, type TemporalServer } from '../../../sandbox/temporal.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import { waitForReport } from '../../../src/schedule/run-report.js';
import { connectClient } from '../../../src/temporal/connection.js';
import { plainSettings } from '../../../src/temporal/settings/settings.js';
import { startBuiltWorker } from '../start-built-worker.js';
import type { CommandResult } from '../run-command-line.js';
import { awkwardPassword, randomAwsKey, startSuiteScan } from '../scan-suite.js';
import { startFakeEngine, type FakeEngine } from './fake-engine.js';
import { createFixtureSecrets, type FixtureSecrets } from './fixture-secrets.js';

export const CONNECTION = 'docker_default';
export const NEIGHBOR = 'docker_neighbor';
/** Shorter than any back-off: each step has one attempt, and its failure is reported immediately. */
export const ONE_ATTEMPT_MS = 1000;

export interface ConfigChanges {
  /** Default `main`. */
  readonly taskQueue?: string;
  /** Default both. */
  readonly connections?: readonly string[];
  /** Further entries of `registries`. */
  readonly registries?: readonly string[];
  /** Default false. */
  readonly requiresDocker?: boolean;
  /** Replaces the line with the same key. */
  readonly line?: string;
}

export interface RunOptions {
  readonly retryForMs?: number;
  readonly executionTimeout?: Duration;
}

export interface Fixture {
  readonly stateFolder: string;
  readonly temporal: TemporalServer;
  readonly client: Client;
  readonly aws: AwsStandIn;
  readonly registry: Registry;
  readonly airflow: AirflowStandIn;
  /** The login of the worker; password and role may be changed while it runs. */
  readonly user: AirflowUser;
  readonly engine: FakeEngine;
  /** For workers and commands: without this machine's home, caches and credentials. */
  readonly env: NodeJS.ProcessEnv;
  readonly configPath: string;
  /** Writes `refresh.yaml`, or a separate file for another task queue; returns its path. */
  writeConfig(changes?: ConfigChanges): string;
  readonly secrets: FixtureSecrets;
  startWorker(name: string, changes?: NodeJS.ProcessEnv, args?: readonly string[]): Promise<Child>;
  /** Runs a command as users do, with the environment of the fixture. */
  command(args: readonly string[], changes?: NodeJS.ProcessEnv): Promise<CommandResult>;
  /** One run of the workflow on a task queue; by default its failures are reported after one attempt. */
  run(taskQueue: string, options?: RunOptions): Promise<RefreshReport>;
  /** Scans all that workers, commands and Temporal leave behind for every secret. @throws Error that lists findings */
  assertNoSecretOut(): Promise<{ places: number; bytes: number }>;
  stop(): Promise<void>;
}

export async function startFixture(): Promise<Fixture> {
  const stops = new Cleanup();
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-failures-'));
  try {
    return await startParts(stateFolder, stops);
  } catch (error) {
    await stops.stopAll();
    rmSync(stateFolder, { recursive: true });
    throw error;
  }
}

async function startParts(stateFolder: string, stops: Cleanup): Promise<Fixture> {
  const aws = stops.add(await startAwsStandIn());
  const registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
  const temporal = stops.add(await startTemporal({ stateFolder }));
  const scan = stops.add(startSuiteScan(stateFolder));
  const password = awkwardPassword();
  const user: AirflowUser = { username: 'ecr-refresh', password, role: 'op' };
  const airflow = stops.add(await startAirflowStandIn({ users: [user] }));
  const engine = stops.add(await startFakeEngine(join(stateFolder, 'docker.sock')));
  const { address } = temporal;
  const { client, close } = await connectClient(plainSettings(address, 'default'));
  stops.add({ stop: close });

  const writeConfig = (changes: ConfigChanges = {}): string => {
    const { taskQueue = 'main' } = changes;
    const path = join(stateFolder, taskQueue === 'main' ? 'refresh.yaml' : `${taskQueue}.yaml`);
    writeFileSync(path, configText(airflow.url, registry.host, engine.url, changes));
    return path;
  };
  const configPath = writeConfig();
  const env = {
    ...scan.env,
    ...aws.env,
    AWS_SECRET_ACCESS_KEY: randomAwsKey(),
    TEMPORAL_ADDRESS: address,
    AIRFLOW_PASSWORD: password,
    ECR_REFRESH_CONFIG: configPath,
  };
  const secrets = createFixtureSecrets(aws, airflow, [
    { name: 'Airflow password', value: password },
    { name: 'AWS secret key', value: env.AWS_SECRET_ACCESS_KEY },
  ]);
  return {
    stateFolder,
    temporal,
    client,
    aws,
    registry,
    airflow,
    user,
    engine,
    env,
    configPath,
    writeConfig,
    secrets,
    startWorker: (name, changes = {}, args = []) =>
      startWorkerProcess(stops, stateFolder, name, { ...env, ...changes }, args),
    run: (taskQueue, options = {}) => runOnce(client, taskQueue, options),
    command: (args, changes = {}) => scan.command(args, { ...env, ...changes }),
    assertNoSecretOut: () => scan.assertNoSecretOut(secrets.known(), temporal),
    async stop() {
      await stops.stopAll();
      rmSync(stateFolder, { recursive: true });
    },
  };
}

/** Two connections: a failure of one must not affect the other. */
export function seedConnections({ airflow, registry }: Pick<Fixture, 'airflow' | 'registry'>): void {
  for (const connection_id of [CONNECTION, NEIGHBOR]) {
    airflow.connections.set(connection_id, {
      connection_id,
      conn_type: 'docker',
      description: 'ECR, for the data team',
      host: registry.host,
      login: 'AWS',
      schema: 'production',
      port: null,
      password: `old password of ${connection_id}`,
      extra: '{"email":"ops@example.com"}',
    });
  }
}

function configText(
  airflowUrl: string,
  registryHost: string,
  engineUrl: string,
  {
    taskQueue = 'main',
    connections = [CONNECTION, NEIGHBOR],
    registries = [],
    requiresDocker = false,
    line,
  }: ConfigChanges,
): string {
  const text = `version: 1
airflows:
  - name: main
    url: ${airflowUrl}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [${connections.join(', ')}]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registryHost}"}
${registries.map((entry) => `  - ${entry}\n`).join('')}docker: {engines: ["${engineUrl}"]${requiresDocker ? ', required: true' : ''}}
temporal: {taskQueue: ${taskQueue}}
`;
  const key = line?.split(':')[0];
  return line === undefined ? text : text.replace(new RegExp(`\\b${key}:.*`), line);
}

async function startWorkerProcess(
  stops: Cleanup,
  stateFolder: string,
  name: string,
  env: NodeJS.ProcessEnv,
  args: readonly string[],
): Promise<Child> {
  const logFile = join(stateFolder, `${name}.log`);
  const isQuiet = args.some((arg) => ['warn', 'error', 'silent'].includes(arg));
  const worker = await startBuiltWorker({
    name,
    env,
    logFile,
    args: ['--log-level', 'trace', ...args],
    isQuiet,
  });
  return stops.add(worker);
}

async function runOnce(
  client: Client,
  taskQueue: string,
  { retryForMs = ONE_ATTEMPT_MS, executionTimeout = '10 minutes' }: RunOptions,
): Promise<RefreshReport> {
  const workflowId = randomUUID();
  const handle = await client.workflow.start('refreshCredentials', {
    taskQueue,
    workflowId,
    args: [{ retryForMs }],
    workflowExecutionTimeout: executionTimeout,
  });
  const end = await waitForReport(client, workflowId, handle.firstExecutionRunId);
  if (!end.report) throw new Error(`The run ended without a report: ${JSON.stringify(end)}`);
  return end.report;
}
