// The main job with registries under their real AWS host names: a real Temporal server and Docker Engine, the built
// product, and two networks that route the AWS names to stand-ins, one for the worker and one for the engine, so that
// each can fail alone.
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
import { plainSettings } from '../../../src/temporal/settings/settings.js';
import { skipOrFail } from '../../support/skip-or-fail.js';
import type { CommandResult } from '../run-command-line.js';
import { awkwardPassword, randomAwsKey, startSuiteScan, suiteSecrets } from '../scan-suite.js';

/** The password of a connection before a run. */
export const OLD = 'old password';

export interface FixtureOptions {
  /** Routes for other host names; they take precedence over the AWS names. */
  readonly route?: (parts: { readonly aws: AwsStandIn; readonly registry: Registry }) => Route;
  /** The region whose tokens a registry without a region in its name accepts; default: every region. */
  readonly region?: string;
  /** Airflow instances in addition to `main`. */
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
  /** The network of the worker and the commands. */
  readonly network: AwsNetwork;
  /** The network of the Docker Engine. */
  readonly engineNetwork: AwsNetwork;
  readonly engine: DockerEngine;
  readonly temporal: TemporalServer;
  readonly env: NodeJS.ProcessEnv;
  /** Replaces all connections with ones of type docker with these hosts, by id. */
  seed(hosts: Readonly<Record<string, string>>, airflow?: string): void;
  /** Writes the configuration: entries of `connections` by Airflow, and further sections. */
  writeConfig(connections: Readonly<Record<string, readonly string[]>>, rest?: string): void;
  command(...args: readonly string[]): Promise<CommandResult>;
  refreshOnce(): Promise<ReportedRun>;
  /** Starts a worker, creates the schedule, and waits for its first run. */
  startScheduled(): Promise<Child>;
  /** Triggers a run of the schedule. */
  trigger(): Promise<ReportedRun>;
  /** The token that a connection holds; undefined when AWS did not issue it. */
  findToken(id: string, airflow?: string): IssuedToken | undefined;
  /** Clears all faults and records. */
  reset(): void;
  assertNoSecretOut(): Promise<void>;
  stop(): Promise<void>;
}

/** Skips the suite, and names the missing part, when this machine cannot run it. */
export async function startRegistryFixture(
  context: Context,
  options: FixtureOptions = {},
): Promise<RegistryFixture> {
  if (!canStartDockerEngine()) skipOrFail(context, 'dockerd and root privileges (Debian: docker.io)');
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
  const routeToStandIn = routeToStandIns({ aws, registry });
  const routeToOwn = route?.({ aws, registry });
  const startNetwork = async (name: string): Promise<AwsNetwork> => {
    const find: Route = (hostname) => routeToOwn?.(hostname) ?? routeToStandIn(hostname);
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
    parseReport(await command('schedule', 'trigger', '--wait', '--json'));
  /** Tokens of earlier tests, which the scan searches for, too. */
  const tokens: string[] = [];
  const getConnections = (airflow = 'main') => airflows.get(airflow)?.connections ?? new Map<string, never>();

  return {
    stateFolder,
    aws,
    registry,
    airflows,
    connections: getConnections(),
    network,
    engineNetwork,
    engine,
    temporal,
    env,
    seed: (hosts, airflow) => seedConnections(getConnections(airflow), hosts),
    writeConfig: (connections, rest = '') =>
      writeFileSync(configPath, formatConfig(airflows, connections, engine.dockerHost, rest)),
    command,
    refreshOnce: async () => parseReport(await command('refresh-once', '--json', '--retry-for', '1s')),
    async startScheduled() {
      const settings = plainSettings('localhost', 'default');
      const setup = {
        configPath,
        env,
        temporal: settings,
        stateFolder,
        ownsTemporal: false,
        addresses: [],
        hints: [],
      };
      const worker = stops.add(await startWorker(setup));
      const { code, stdout, stderr } = await command('schedule', 'apply', '--json');
      if (code !== 0) throw new Error(stdout + stderr);
      await trigger();
      return worker;
    },
    trigger,
    findToken: (id, airflow) =>
      aws.issued.find((token) => token.password === getConnections(airflow).get(id)?.password),
    reset() {
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

function formatConfig(
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

function parseReport(result: CommandResult): ReportedRun {
  try {
    return { ...result, report: JSON.parse(result.stdout) as RefreshReport };
  } catch {
    throw new Error(`no report, code ${result.code}: ${result.stdout}${result.stderr}`);
  }
}

/** Reads the log of the worker. */
export function workerLog({ stateFolder }: Pick<RegistryFixture, 'stateFolder'>): string {
  return readFileSync(join(stateFolder, 'worker.log'), 'utf8');
}
