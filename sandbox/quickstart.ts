// `./scripts/quickstart`: starts the sandbox (with --config: only what the user does not have), refreshes once, prints
// the report and keeps running until Ctrl-C. Without --config, the worker gets no settings or credentials of the user.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Client } from '@temporalio/client';
import { formatReport } from '../scripts/format-report.js';
import { describeError, printResult, toExitCode } from '../scripts/command-line.js';
import { loadConfig } from '../src/config/load.js';
import { ConfigError } from '../src/config/config-error.js';
import { escapeHidden } from '../src/refresh/safe-text.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { applySchedule, describeOrUndefined, type Applied } from '../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../src/schedule/build-schedule.js';
import { waitForReport } from '../src/schedule/run-report.js';
import { triggerRun } from '../src/schedule/trigger-run.js';
import { connectClient } from '../src/temporal/connection.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { startExternalSetup } from './quickstart/external-setup.js';
import { startSandboxSetup } from './quickstart/sandbox-setup.js';
import type { Setup } from './quickstart/setup.js';
import { startWorker } from './quickstart/worker.js';
import type { Child } from './child-process.js';
import { Cleanup } from './cleanup.js';

const startedAtMs = performance.now();
const stops = new Cleanup();
let interrupted = false;
let stopping: Promise<void> | undefined;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    void shutDown();
  });
}

try {
  const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean' } } });
  if (values.help) {
    say('./scripts/quickstart                 refresh a connection in a sandbox; needs no AWS account');
    say('./scripts/quickstart --config PATH   refresh your own connections with your own Airflow and AWS');
  } else {
    await quickstart(values.config && resolve(process.env['INIT_CWD'] ?? '.', values.config));
  }
} catch (error) {
  // After Ctrl-C, parts that were still starting fail; this is expected.
  if (!interrupted) {
    const isOurs = error instanceof ConfigError || error instanceof OtherDeployment;
    sayFailure(isOurs ? describeError(error) : (error as Error).message);
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
  const { client, close } = await connectClient(setup.temporal);
  stops.add({ stop: close });
  // Before the worker starts: it refuses a schedule of other URLs, such as those of the last start.
  const applied = await apply(client, setup, config);
  const worker = stops.add(await startWorker(setup));
  say('Worker: ready');
  const isGood = await waitForRun(client, config, applied);
  printAddresses(setup);
  say(
    `\n${isGood ? 'The run succeeded' : 'The run was incomplete; see the report'} (${secondsSinceStart()} s after the start).`,
  );
  say('Further runs follow the schedule until Ctrl-C, which stops everything that was started here.');
  await untilEnd(worker);
}

/** Creates or updates the schedule. In its own Temporal it first ends a run that an interrupted start has left. */
async function apply(client: Client, { ownsTemporal }: Setup, config: RefreshConfig): Promise<Applied> {
  const { id } = config.schedule;
  const left = ownsTemporal && (await describeOrUndefined(client.schedule.getHandle(id)));
  for (const { workflow } of left ? left.info.runningActions : []) {
    const run = client.workflow.getHandle(workflow.workflowId, workflow.firstExecutionRunId);
    // It may have ended since.
    await run.terminate('left by an interrupted quickstart').catch(() => undefined);
  }
  const applied = await applySchedule(client, buildScheduleOptions(config), { replace: ownsTemporal });
  say(`Schedule ${id}: ${applied.outcome}`);
  return applied;
}

/** Waits for the report of the first run, or of one that is started now. */
async function waitForRun(client: Client, config: RefreshConfig, { firstRun }: Applied): Promise<boolean> {
  const run = firstRun ?? (await triggerRun(client.schedule.getHandle(config.schedule.id)));
  if (!run) throw new Error('No run started within 10 s. Check the log of the Temporal server.');
  say(`Run ${run.runId}: waiting for its report\n`);
  const end = await waitForReport(client, run.workflowId, run.runId);
  if (!end.report) throw new Error(`The run ended without a report: ${end.why}.`);
  printResult(end.report, false, formatReport);
  return end.report.outcome === 'refreshed';
}

function printAddresses({ addresses, hints }: Setup): void {
  say('');
  for (const [name, address] of addresses) say(`${`${name}:`.padEnd(14)} ${address}`);
  for (const hint of hints) say(hint);
}

/** Keeps this process alive until Ctrl-C: the child processes do not. */
async function untilEnd(worker: Child): Promise<never> {
  const keepAlive = setInterval(() => undefined, 60_000);
  const how = await worker.exited;
  clearInterval(keepAlive);
  throw new Error(
    `The worker ${how}, so everything else was stopped. Check ${worker.logFile}, and start again.`,
  );
}

/** Once: a second Ctrl-C must not end this process while parts are still being stopped. */
function shutDown(): Promise<void> {
  stopping ??= stopEverything();
  return stopping;
}

async function stopEverything(): Promise<void> {
  if (interrupted) say('\nStopping …');
  try {
    await stops.stopAll();
    if (interrupted) say('Stopped.');
  } catch (error) {
    sayFailure(String(error));
    process.exitCode = 1;
  }
  // Pending promises belong to parts that have been stopped.
  if (interrupted) process.exit();
}

function secondsSinceStart(): number {
  return Math.round((performance.now() - startedAtMs) / 1000);
}

function say(text: string): void {
  process.stdout.write(`${escapeHidden(text)}\n`);
}

function sayFailure(text: string): void {
  process.stderr.write(`${escapeHidden(text)}\n`);
}
