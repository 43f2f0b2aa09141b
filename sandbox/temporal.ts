// The real Temporal of the sandbox: its CLI is found or installed, and runs the development server on a SQLite file.
// TEMPORAL_* of the user do not reach it: they may name a production server.
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
  /** The web UI; undefined when there is none. */
  uiUrl: string | undefined;
  /** The server's own metrics, as Prometheus reads them. */
  metricsUrl: string;
  dbFile: string;
  pid: number;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface TemporalOptions {
  /** The database and the log lie here; starting on the same folder again finds everything back. */
  stateFolder: string;
  /** Default: a free port. */
  port?: number | undefined;
  /** Of the web UI; default: no UI. */
  uiPort?: number | undefined;
}

/**
 * The Temporal CLI: `TEMPORAL_CLI`, else `temporal` on PATH, else the wheel from PyPI in the cache folder, else the
 * SDK's own download.
 * @throws Error with the remedy when none can be had
 */
export function findTemporalCli(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return findBinary(env, 'TEMPORAL_CLI', 'temporal', wheelOrDownload);
}

async function wheelOrDownload(): Promise<string> {
  try {
    return (await ensurePythonTools()).temporal;
  } catch (wheelError) {
    // Loaded only here: without Python, hardly ever.
    const { downloadTemporalCli } = await import('./temporal-download.js');
    return downloadTemporalCli().catch((error: Error) => {
      throw new Error(`${(wheelError as Error).message} ${error.message}`, { cause: wheelError });
    });
  }
}

/**
 * A program: the one that the variable names, else the one on PATH, else the one that `install` makes.
 * @throws Error with the remedy when none can be had
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
    throw new Error(`${variable} names ${named}, which is no executable file. Remedy: correct or unset it.`);
  }
  const installed = findOnPath([program], env);
  if (installed !== undefined) return installed;
  try {
    return await install();
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      `There is no program ${program}. ${message} Or put it on PATH, or set ${variable} to it.`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Starts `temporal server start-dev` on `stateFolder/temporal.db`, bound to 127.0.0.1 with every port explicit
 * (its own defaults collide when two run at once). Ready means: the `default` namespace answers.
 * @throws Error with the last log lines and the remedy
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  mkdirSync(options.stateFolder, { recursive: true, mode: 0o700 });
  const cli = await findTemporalCli();
  const port = options.port ?? (await freePort());
  const { uiPort } = options;
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
      '--log-level',
      'warn',
      ...ui,
    ],
    env: withoutTemporalSettings(process.env),
    logFile: join(options.stateFolder, 'temporal.log'),
    ready: () => namespaceAnswers(cli, address),
    readyWithinMs: 60_000,
    graceMs: 10_000,
    remedy: `see the log; when the database is from a newer server, delete ${dbFile}`,
  });
  return {
    address,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    dbFile,
    pid: child.pid,
    stop: async () => {
      await child.stop();
      for (const used of [port, metricsPort, httpPort]) releasePort(used);
    },
  };
}

/** A user's own TEMPORAL_* (address, TLS, API key of production) must not leak into the sandbox's server and CLI. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function namespaceAnswers(cli: string, address: string): Promise<boolean> {
  const args = ['operator', 'namespace', 'describe', '--namespace', 'default', '--address', address];
  const { code } = await runCommand(cli, [...args, '--command-timeout', '5s', '--disable-config-file'], {
    env: withoutTemporalSettings(process.env),
    allowFailure: true,
    timeoutMs: 10_000,
  });
  return code === 0;
}
