// `./scripts/quickstart`: starts the sandbox, or what is missing in addition to the user's own Airflow and AWS, runs the
// main job once and prints its report, and keeps running until Ctrl-C. Without --config, neither settings nor credentials
// of the user's environment reach the worker.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatReport } from '../scripts/format-report.js';
import { describeError, toExitCode } from '../scripts/command-line.js';
import { loadConfig } from '../src/config/load.js';
import { ConfigError } from '../src/config/config-error.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { applySchedule } from '../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../src/schedule/build-schedule.js';
import { waitForReport } from '../src/schedule/run-report.js';
import { triggerRun } from '../src/schedule/trigger-run.js';
import { connectClient } from '../src/temporal/connection.js';
import type { TemporalSettings } from '../src/temporal/settings.js';
import { startExternalSetup } from './quickstart/external-setup.js';
import { startSandboxSetup } from './quickstart/sandbox-setup.js';
import type { Setup } from './quickstart/setup.js';
import { startWorker } from './quickstart/worker.js';
import type { Child } from './child-process.js';
import { Cleanup } from './cleanup.js';

const startedAtMs = performance.now();
const stops = new Cleanup();
let interrupted = false;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    void shutDown();
  });
}

try {
  const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    say('./scripts/quickstart                 the main job on a sandbox of stand-ins');
    say('./scripts/quickstart --config PATH   the same with your own Airflow and AWS');
  } else {
    await quickstart(values.config && resolve(process.env['INIT_CWD'] ?? '.', values.config));
  }
} catch (error) {
  // Parts that are torn down in the middle of their start fail; that was asked for.
  if (!interrupted) {
    process.stderr.write(
      `${error instanceof ConfigError ? describeError(error) : (error as Error).message}\n`,
    );
    await shutDown();
    process.exit(toExitCode(error));
  }
}

async function quickstart(configPath: string | undefined): Promise<void> {
  const setup =
    configPath === undefined
      ? await startSandboxSetup(stops, say)
      : await startExternalSetup(configPath, stops, say);
  const config = loadConfig(setup.configPath, setup.env);
  const worker = stops.add(await startWorker(setup));
  say('Worker: ready');
  const isGood = await runOnce(setup.temporal, config);
  printAddresses(setup);
  say(
    `\n${isGood ? 'The main job runs' : 'The run was incomplete'}, ${secondsSinceStart()} s after the start.`,
  );
  say('It goes on by its schedule until Ctrl-C, which stops all that was started here.');
  await untilEnd(worker);
}

/** Creates or updates the schedule and follows its first run, or one started now, to its report. */
async function runOnce(temporal: TemporalSettings, config: RefreshConfig): Promise<boolean> {
  const { client, close } = await connectClient(temporal);
  try {
    const { outcome, firstRun } = await applySchedule(client, buildScheduleOptions(config));
    say(`Schedule ${config.schedule.id}: ${outcome}`);
    const run = firstRun ?? (await triggerRun(client.schedule.getHandle(config.schedule.id)));
    if (!run)
      throw new Error('Temporal took the request, but no run has shown up for 10 s. Look at its log.');
    say(`Run ${run.runId}: following it to its report\n`);
    const end = await waitForReport(client, run.workflowId, run.runId);
    if (!end.report) throw new Error(`The run left no report: ${end.why}.`);
    say(formatReport(end.report));
    return end.report.outcome === 'refreshed';
  } finally {
    await close();
  }
}

function printAddresses({ addresses, hints }: Setup): void {
  say('');
  for (const [name, address] of addresses) say(`${`${name}:`.padEnd(14)} ${address}`);
  for (const hint of hints) say(hint);
}

/** What was started does not keep this process alive; the user does, until Ctrl-C. */
async function untilEnd(worker: Child): Promise<never> {
  const keepAlive = setInterval(() => undefined, 60_000);
  const how = await worker.exited;
  clearInterval(keepAlive);
  throw new Error(`The worker ${how}. Read ${worker.logFile}.`);
}

async function shutDown(): Promise<void> {
  if (interrupted) say('\nStopping …');
  try {
    await stops.stopAll();
    if (interrupted) say('Stopped.');
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  }
  // Whatever is still waited for belongs to parts that are gone.
  if (interrupted) process.exit();
}

function secondsSinceStart(): number {
  return Math.round((performance.now() - startedAtMs) / 1000);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
