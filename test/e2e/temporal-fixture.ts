// Built commands and workers in front of a Temporal that is missing, refuses, or is not what it should be. Their
// configuration names services that do not exist: no run is started.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type Child } from '../../sandbox/child-process.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { builtCli } from './built-cli.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

export type LogLine = Readonly<Record<string, unknown>>;

export interface TemporalFixture {
  readonly folder: string;
  readonly stops: Cleanup;
  /** Runs a command with these variables. */
  readonly command: (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<CommandResult>;
  /** Starts a worker, and waits until its log satisfies the condition. */
  readonly startWorker: (
    name: string,
    env: NodeJS.ProcessEnv,
    isReady: (log: readonly LogLine[]) => boolean,
  ) => Promise<Child>;
  readonly stop: () => Promise<void>;
}

/** `temporal` is the task queue, too. */
export async function startTemporalFixture(): Promise<TemporalFixture> {
  await builtCli();
  const stops = new Cleanup();
  const folder = mkdtempSync(join(tmpdir(), 'ecr-temporal-'));
  const config = join(folder, 'refresh.yaml');
  writeFileSync(
    config,
    `version: 1
airflows:
  - name: main
    url: http://127.0.0.1:1
    auth: {username: op, password: {env: AIRFLOW_PASSWORD}}
    connections: [{id: docker_default, registry: r}]
registries: [{name: r, region: us-east-1, account: "123456789012"}]
docker: {engines: []}
temporal: {taskQueue: temporal}
`,
  );
  const { PATH, HOME } = process.env;
  const base = { PATH, HOME, AIRFLOW_PASSWORD: 'not a secret', ECR_REFRESH_CONFIG: config };
  return {
    folder,
    stops,
    command: (args, env) => runCommandLine(args, { ...base, ...env }),
    startWorker: async (name, env, isReady) => {
      const logFile = join(folder, `${name}.log`);
      const worker = await startChild({
        name,
        command: process.execPath,
        args: [await builtCli(), 'worker'],
        env: { ...base, ...env },
        logFile,
        ready: async () => isReady(readLog(logFile)),
        graceMs: 45_000,
      });
      return stops.add(worker);
    },
    stop: async () => {
      await stops.stopAll();
      rmSync(folder, { recursive: true });
    },
  };
}

export function readLog(logFile: string): LogLine[] {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
}

export function hasMessage(message: string): (log: readonly LogLine[]) => boolean {
  return (log) => log.some(({ msg }) => msg === message);
}

export const isWaiting = hasMessage('Temporal unavailable; retrying');
export const isStarted = hasMessage('worker started');

export interface SilentServer {
  readonly address: string;
  /** How many connections it has accepted. */
  readonly countConnections: () => number;
  readonly stop: () => Promise<void>;
}

/** A port that accepts connections and never responds. */
export async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    countConnections: () => sockets.size,
    stop: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
