// Owns a whole main path over registries as they are named in the world: real Temporal, real Docker Engine, the product
// as its users run it, and AWS's own names, which two networks lead to the stand-ins: one for the worker, one for the
// engine. Refuses to share what goes wrong between the two.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import {
  type AirflowStandIn,
  type ConnectionRecord,
  startAirflowStandIn,
} from '../../support/airflow-stand-in.js';
import { routeToStandIns, startAwsNetwork, type AwsNetwork, type Route } from '../../support/aws-network.js';
import { startAwsStandIn, type AwsStandIn, type IssuedToken } from '../../support/aws.js';
import type { Child } from '../../../sandbox/child-process.js';
import { canStartDockerEngine, startDockerEngine, type DockerEngine } from '../../support/docker-engine.js';
import { findOnPath } from '../../../sandbox/executables.js';
import { startWorker } from '../../../sandbox/quickstart/worker.js';
import { startRegistry, type Registry } from '../../support/registry.js';
import { Cleanup } from '../../../sandbox/cleanup.js';
import { startTemporal, type TemporalServer } from '../../../sandbox/temporal.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import { skipOrFail } from '../../support/skip-or-fail.js';
import type { CommandResult } from '../run-command-line.js';
import { awkwardPassword, randomAwsKey, startSuiteScan, suiteSecrets } from '../scan-suite.js';

/** What a connection held before. */
export const OLD = 'old password';

export interface FixtureOptions {
  /** Names of the test's own, before those of AWS. */
  readonly route?: (parts: { readonly aws: AwsStandIn; readonly registry: Registry }) => Route;
  /** Whose tokens the registries admit whose names tell no region; default: of every region. */
  readonly region?: string;
  /** Airflows beside `main`. */
  readonly moreAirflows?: readonly string[];
}

export interface ReportedRun extends CommandResult {
  readonly report: RefreshReport;
}

export interface RegistryFixture {
  readonly stateFolder: string;
  readonly aws: AwsStandIn;
  readonly registry: Registry;
  /** By name. */
  readonly airflows: ReadonlyMap<string, AirflowStandIn>;
  /** The connections of `main`. */
  readonly connections: Map<string, ConnectionRecord>;
  /** As the worker and the commands see the world. */
  readonly network: AwsNetwork;
  /** As the Docker Engine sees it. */
  readonly engineNetwork: AwsNetwork;
  readonly engine: DockerEngine;
  readonly temporal: TemporalServer;
  readonly env: NodeJS.ProcessEnv;
  /** Connections of type docker with these hosts, by id, in place of all that are there. */
  seed(hosts: Readonly<Record<string, string>>, airflow?: string): void;
  /** The configuration: entries of `connections` by Airflow, and whatever else. */
  writeConfig(connections: Readonly<Record<string, readonly string[]>>, rest?: string): void;
  command(...args: readonly string[]): Promise<CommandResult>;
  refreshOnce(): Promise<ReportedRun>;
  /** Starts a worker, makes the schedule, and waits for the run that this starts. */
  startScheduled(): Promise<Child>;
  /** One run of the schedule. */
  trigger(): Promise<ReportedRun>;
  /** The token that a connection holds; undefined when it is none that AWS issued. */
  held(id: string, airflow?: string): IssuedToken | undefined;
  /** What goes wrong, and what was recorded, is forgotten. */
  putRight(): void;
  assertNoSecretOut(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it; what this machine has not is a skip that names it. */
export async function startRegistryFixture(
  context: Context,
  options: FixtureOptions = {},
): Promise<RegistryFixture> {
  if (!canStartDockerEngine()) skipOrFail(context, 'dockerd, and to be root (Debian: docker.io)');
  if (findOnPath(['docker-registry', 'registry']) === undefined) {
    skipOrFail(context, 'docker-registry (Debian: docker-registry)');
  }
  if (findOnPath(['openssl']) === undefined) skipOrFail(context, 'openssl (Debian: openssl)');
  const stops = new Cleanup();
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-registries-'));
  const stop = async (): Promise<void> => {
    await stops.stopAll();
    rmSync(stateFolder, { recursive: true });
  };
  try {
    return { ...(await startParts(stateFolder, stops, options)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(
  stateFolder: string,
  stops: Cleanup,
  { route, region, moreAirflows = [] }: FixtureOptions,
): Promise<Omit<RegistryFixture, 'stop'>> {
  const aws = stops.add(await startAwsStandIn());
  const registry = stops.add(await startRegistry({ aws, stateFolder, region }));
  const toStandIns = routeToStandIns({ aws, registry });
  const toOwn = route?.({ aws, registry });
  const startNetwork = async (name: string): Promise<AwsNetwork> => {
    const find: Route = (hostname) => toOwn?.(hostname) ?? toStandIns(hostname);
    return stops.add(await startAwsNetwork({ route: find, stateFolder: join(stateFolder, name) }));
  };
  const network = await startNetwork('network');
  const engineNetwork = await startNetwork('engine-network');
  const [engine, temporal] = await Promise.all([
    startDockerEngine({ stateFolder, env: engineNetwork.dockerEnv }).then((part) => stops.add(part)),
    startTemporal({ stateFolder }).then((part) => stops.add(part)),
  ]);
  const scan = stops.add(startSuiteScan(stateFolder));
  const password = awkwardPassword();
  const airflows = new Map<string, AirflowStandIn>();
  for (const name of ['main', ...moreAirflows]) {
    const users = [{ username: 'ecr-refresh', password, role: 'op' as const }];
    airflows.set(name, stops.add(await startAirflowStandIn({ users })));
  }
  const configPath = join(stateFolder, 'refresh.yaml');
  const env: NodeJS.ProcessEnv = {
    ...scan.env,
    ...aws.networkEnv,
    ...network.env,
    AWS_SECRET_ACCESS_KEY: randomAwsKey(),
    AIRFLOW_PASSWORD: password,
    TEMPORAL_ADDRESS: temporal.address,
    ECR_REFRESH_CONFIG: configPath,
  };
  const command = (...args: readonly string[]): Promise<CommandResult> => scan.command(args, env);
  const trigger = async (): Promise<ReportedRun> =>
    reportOf(await command('schedule', 'trigger', '--wait', '--json'));
  /** Of the tests before this one, too: the scan looks for all of them. */
  const tokens: string[] = [];
  const connectionsOf = (airflow = 'main') => airflows.get(airflow)?.connections ?? new Map<string, never>();

  return {
    stateFolder,
    aws,
    registry,
    airflows,
    connections: connectionsOf(),
    network,
    engineNetwork,
    engine,
    temporal,
    env,
    seed: (hosts, airflow) => seedConnections(connectionsOf(airflow), hosts),
    writeConfig: (connections, rest = '') =>
      writeFileSync(configPath, configText(airflows, connections, engine.dockerHost, rest)),
    command,
    refreshOnce: async () => reportOf(await command('refresh-once', '--json', '--retry-for', '1s')),
    async startScheduled() {
      const settings = { connectionOptions: {}, address: '', namespace: '' };
      const setup = { configPath, env, temporal: settings, stateFolder, addresses: [], hints: [] };
      const worker = stops.add(await startWorker(setup));
      const { code, stdout, stderr } = await command('schedule', 'apply', '--json');
      if (code !== 0) throw new Error(stdout + stderr);
      await trigger();
      return worker;
    },
    trigger,
    held: (id, airflow) =>
      aws.issued.find(({ password: held }) => held === connectionsOf(airflow).get(id)?.password),
    putRight() {
      tokens.push(...aws.issued.map((token) => token.password));
      aws.setFault(undefined);
      registry.setFault(undefined);
      registry.setChallenge(undefined);
      registry.admitAsEcr();
      for (const record of [aws.calls, aws.issued, registry.requests, network.names, engineNetwork.names]) {
        record.length = 0;
      }
    },
    async assertNoSecretOut() {
      const requests = [...airflows.values()].flatMap((airflow) => airflow.requests);
      await scan.assertNoSecretOut(
        suiteSecrets({
          env,
          tokens: tokens.concat(aws.issued.map((token) => token.password)),
          authorizations: requests.map(({ headers }) => headers['authorization']),
        }),
        temporal,
      );
    },
  };
}

function seedConnections(
  connections: Map<string, ConnectionRecord>,
  hosts: Readonly<Record<string, string>>,
): void {
  connections.clear();
  for (const [connection_id, host] of Object.entries(hosts)) {
    const rest = { description: 'ECR', schema: null, port: null, extra: null, password: OLD };
    connections.set(connection_id, { connection_id, conn_type: 'docker', host, login: 'AWS', ...rest });
  }
}

function configText(
  airflows: ReadonlyMap<string, AirflowStandIn>,
  connections: Readonly<Record<string, readonly string[]>>,
  engine: string,
  rest: string,
): string {
  const entries = Object.entries(connections).map(
    ([name, ids]) => `  - name: ${name}
    url: ${airflows.get(name)?.url}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [${ids.join(', ')}]
`,
  );
  const docker = rest.includes('docker:') ? '' : 'docker: {engines: [ENGINE]}\n';
  return `version: 1\nairflows:\n${entries.join('')}${docker}${rest}\n`.replaceAll('ENGINE', engine);
}

function reportOf(result: CommandResult): ReportedRun {
  try {
    return { ...result, report: JSON.parse(result.stdout) as RefreshReport };
  } catch {
    throw new Error(`no report, code ${result.code}: ${result.stdout}${result.stderr}`);
  }
}

/** The log of the worker, as a test reads it. */
export function workerLog({ stateFolder }: Pick<RegistryFixture, 'stateFolder'>): string {
  return readFileSync(join(stateFolder, 'worker.log'), 'utf8');
}
