// A real Temporal server, stand-ins for the rest, and a built worker, for the tests of `doctor` and of the log.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../../sandbox/child-process.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { runCommand } from '../../sandbox/run-command.js';
import { findTemporalCli, startTemporal } from '../../sandbox/temporal.js';
import type { DoctorDocument } from '../../scripts/format-checks.js';
import type { Check } from '../../src/doctor/check.js';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn } from '../support/aws.js';
import { startRegistry } from '../support/registry.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';
import { startBuiltWorker } from './start-built-worker.js';

export interface DoctorFixture {
  readonly address: string;
  readonly airflow: AirflowStandIn;
  readonly registryHost: string;
  /** Replaces the configuration; `connections` is a list in YAML. */
  readonly writeConfig: (connections: string, more?: string) => void;
  readonly command: (args: readonly string[], changes?: NodeJS.ProcessEnv) => Promise<CommandResult>;
  readonly doctor: (
    changes?: NodeJS.ProcessEnv,
  ) => Promise<DoctorDocument & { readonly code: number | null }>;
  readonly startWorker: (name: string, changes?: NodeJS.ProcessEnv) => Promise<Child>;
  /** Runs the Temporal CLI against the server. */
  readonly temporal: (...args: string[]) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export const TASK_QUEUE = 'doctor';

export async function startDoctorFixture(): Promise<DoctorFixture> {
  const stops = new Cleanup();
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-doctor-'));
  const aws = stops.add(await startAwsStandIn());
  const registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
  const server = stops.add(await startTemporal({ stateFolder }));
  const login = { conn_type: 'docker', host: registry.host, login: 'AWS', password: 'old' };
  const airflow = stops.add(
    await startAirflowStandIn({
      users: [{ username: 'ecr-refresh', password: 'correct horse', role: 'op' }],
      connections: [
        { ...login, connection_id: 'docker_default' },
        { ...login, connection_id: 'docker_eu' },
      ],
    }),
  );
  const configPath = join(stateFolder, 'refresh.yaml');
  const env = {
    ...process.env,
    ...aws.env,
    AWS_SECRET_ACCESS_KEY: 'not-a-real-key',
    TEMPORAL_ADDRESS: server.address,
    AIRFLOW_PASSWORD: 'correct horse',
    ECR_REFRESH_CONFIG: configPath,
  };
  const command = (args: readonly string[], changes: NodeJS.ProcessEnv = {}): Promise<CommandResult> =>
    runCommandLine(args, { ...env, ...changes });
  return {
    address: server.address,
    airflow,
    registryHost: registry.host,
    writeConfig(connections, more = '') {
      const text = `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: ${connections}
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
docker: {engines: []}
temporal: {taskQueue: ${TASK_QUEUE}}
${more}`;
      writeFileSync(configPath, text, { mode: 0o600 });
    },
    command,
    async doctor(changes) {
      const { code, stdout, stderr } = await command(['doctor', '--json'], changes);
      if (stderr !== '') throw new Error(stderr);
      return { ...(JSON.parse(stdout) as DoctorDocument), code };
    },
    async startWorker(name, changes = {}) {
      const logFile = join(stateFolder, `${name}.log`);
      return stops.add(await startBuiltWorker({ name, env: { ...env, ...changes }, logFile }));
    },
    temporal: async (...args) =>
      runCommand(await findTemporalCli(), [...args, '--address', server.address], { cwd: stateFolder }),
    async stop() {
      await stops.stopAll();
      rmSync(stateFolder, { recursive: true });
    },
  };
}

/** The checks with this id: outcome and message. */
export function findChecks({ checks }: Pick<DoctorDocument, 'checks'>, id: Check['id']): string[] {
  return checks.filter((check) => check.id === id).map(({ outcome, message }) => `${outcome}: ${message}`);
}

/** Every line of a log, each of which must be JSON. */
export function readLog({ logFile }: Pick<Child, 'logFile'>): Record<string, unknown>[] {
  return parseLog(readFileSync(logFile, 'utf8'));
}

export function parseLog(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
