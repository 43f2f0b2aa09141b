// `schedule trigger`: starts a run or finds the one in progress, and follows it.
import type { ScheduleDescription } from '@temporalio/client';
import { awaitNoticedEnd, endWaitingRun } from '../src/schedule/end-waiting-run.js';
import { describeRun, findRunsInProgress } from '../src/schedule/find-runs.js';
import { followRun } from '../src/schedule/follow-run.js';
import { waitForReport, type RunResult } from '../src/schedule/run-report.js';
import { startRun, type TriggeredRun } from '../src/schedule/trigger-run.js';
import { toUnavailable } from '../src/temporal/connection.js';
import { readTemporalSettings } from '../src/temporal/settings/settings.js';
import { TemporalUnavailable } from '../src/temporal/unavailable.js';
import { EXIT, printJson, printLine, printResult } from './command-line.js';
import { CommandFailed } from './error-document.js';
import { formatReport } from './format-report.js';
import { observeRun } from './format-run-events.js';
import type { Invocation } from './schedule-options.js';

/** What `schedule trigger --json` prints without --wait. */
export interface TriggerDocument extends TriggeredRun {
  /** Ids of the runs that --now has ended. */
  readonly endedRuns: readonly string[];
}

export async function trigger(invocation: Invocation, description: ScheduleDescription): Promise<void> {
  const { client, handle, options } = invocation;
  const print = options.json ? (): void => {} : printLine;
  const endedRuns = options.now ? await endWaitingRuns(invocation, description, print) : [];
  const run = await startRun(client, handle, await handle.describe());
  if (!run) {
    const message = 'Temporal accepted the request, but no run started within 10 s.';
    throw new CommandFailed(message, 'Check the log of the Temporal server.');
  }
  const { workflowId, runId, alreadyRunning } = run;
  const what = alreadyRunning ? 'A run is already in progress' : 'Run started';
  print(`${what}: workflow ${workflowId}, run ${runId}.`);
  if (options.now && alreadyRunning) print('It is not waiting for its next attempt, so it was not ended.');
  if (!options.wait) {
    if (options.json) printJson({ ...run, endedRuns } satisfies TriggerDocument);
    return;
  }
  // The result when the output is closed before the end.
  process.exitCode = EXIT.failed;
  const end = await followToEnd(invocation, run, description.action.taskQueue, print);
  if (!end.report) {
    throw new CommandFailed(`The run ended without a report: ${end.why}.`, `Check run ${runId} in Temporal.`);
  }
  print('');
  printResult(end.report, options.json, formatReport);
  process.exitCode = end.report.outcome === 'refreshed' ? EXIT.done : EXIT.failed;
}

/** Ends each run in progress that waits for its next attempt. Returns their ids. */
async function endWaitingRuns(
  { client, handle }: Invocation,
  description: ScheduleDescription,
  print: (line: string) => void,
): Promise<string[]> {
  const ended: string[] = [];
  for (const run of await findRunsInProgress(client, handle.scheduleId, description)) {
    const { runId } = run;
    const onWait = (): void => print(`Waiting for the attempt in progress of run ${runId} to end.`);
    if (!(await endWaitingRun(client, run, onWait))) continue;
    print(`Run ${runId} ended: it was waiting for its next attempt.`);
    await awaitNoticedEnd(handle, runId);
    ended.push(runId);
  }
  return ended;
}

async function followToEnd(
  { client, options }: Invocation,
  { workflowId, runId, alreadyRunning }: TriggeredRun,
  taskQueue: string,
  print: (line: string) => void,
): Promise<RunResult> {
  const ended = new AbortController();
  const result = waitForReport(client, workflowId, runId).finally(() => ended.abort());
  // Handled below, when the last line about the run is printed.
  result.catch(() => {});
  try {
    const run = options.json ? undefined : await describeRun(client, { workflowId, runId });
    if (run) {
      const startedMs = performance.now();
      // A run that has just started shows Temporal's time, whatever this machine's clock shows.
      const now = (): Date =>
        alreadyRunning ? new Date() : new Date(run.startedAt.getTime() + performance.now() - startedMs);
      await followRun(client, run, observeRun(print, taskQueue), { signal: ended.signal, now });
    }
    return await result;
  } catch (error) {
    throw explainLostRun(await toUnavailable(readTemporalSettings(), error));
  }
}

/** Adds that only the wait has ended, not the run. */
export function explainLostRun(error: unknown): unknown {
  if (!(error instanceof TemporalUnavailable)) return error;
  return new CommandFailed(
    `${error.message}. The run continues without this command, and resumes after a Temporal outage.`,
    'Check its result with `status`, or wait for it again with `schedule trigger --wait`.',
    `temporal-${error.code}`,
  );
}
