// The run as a durable workflow: its deadline, how each step is scheduled, and what the Temporal UI shows. The flow itself is
// `refresh/flow.ts`. No secret passes through here: steps exchange names and facts.
import { ApplicationFailure, type Duration } from '@temporalio/common';
import {
  CancellationScope,
  isCancellation,
  scheduleActivity,
  setCurrentDetails,
  sleep,
  workflowInfo,
  type WorkflowInfo,
} from '@temporalio/workflow';
import { BACKOFF_COEFFICIENT, limitsNow, runBounds, type RunBounds } from '../refresh/activity-limits.js';
import { refresh } from '../refresh/flow.js';
import { parseReport, REFRESH_INCOMPLETE, summarizeReport, type RefreshReport } from '../refresh/report.js';
import type { RefreshSteps, StepCall, StepName } from '../refresh/activity-types.js';
import { describeStepError, OutOfTime } from './step-error.js';
import { StepProgress } from './step-progress.js';

export interface RefreshInput {
  /** For how long a run goes on trying, from its first workflow task. */
  readonly retryForMs: number;
}

/** How often the current details are updated while steps are being retried. */
const UPDATE_INTERVAL: Duration = '15 minutes';

/**
 * One run: plan, then inspect, extract, update and test for every Airflow.
 *
 * @returns the report of a run in which everything was refreshed
 * @throws ApplicationFailure of type RefreshIncomplete, the report as its first detail, when anything failed
 */
export async function refreshCredentials({ retryForMs }: RefreshInput): Promise<RefreshReport> {
  const info = workflowInfo();
  const times = runBounds(Date.now(), retryForMs, findEnd(info));
  const progress = new StepProgress(setCurrentDetails);
  const watch = new CancellationScope();
  const watching = watch.run(() => watchProgress(progress)).catch(ignoreCancellation);
  const report = await refresh(scheduledSteps(times, progress), {
    runId: info.runId,
    previous: previousReport(),
    now: () => new Date(),
    deadlineMs: times.deadlineMs,
    retryForMs,
    wait: (ms, waiting) =>
      progress.followWait(
        waiting,
        new Date(Date.now() + ms),
        sleep(ms, { summary: `Back-off of ${waiting.step}` }),
      ),
    describe: describeStepError,
  });
  watch.cancel();
  await watching;
  const summary = summarizeReport(report);
  setCurrentDetails(`**${report.outcome}**: ${summary}`);
  if (report.outcome === 'refreshed') return report;
  const incomplete = ApplicationFailure.create({
    type: REFRESH_INCOMPLETE,
    message: summary,
    nonRetryable: true,
    details: [report],
  });
  // The report says where it failed; a stack would say where the worker is installed.
  incomplete.stack = '';
  throw incomplete;
}

/** When Temporal ends the run, and its report with it. One started by hand may have but a time-out of the run. */
function findEnd({ executionExpirationTime, runStartTime, runTimeoutMs }: WorkflowInfo): number {
  if (executionExpirationTime) return executionExpirationTime.getTime();
  return runTimeoutMs ? runStartTime.getTime() + runTimeoutMs : Infinity;
}

/** A failed run leaves its report in the failure, a good one in the result; the failure is the later of the two. */
function previousReport(): RefreshReport | undefined {
  const { lastFailure, lastResult } = workflowInfo();
  const failed =
    lastFailure instanceof ApplicationFailure ? parseReport(lastFailure.details?.[0]) : undefined;
  return failed ?? parseReport(lastResult);
}

/** The steps as activities of this run, each within what is left until the deadline. */
function scheduledSteps(times: RunBounds, progress: StepProgress): RefreshSteps {
  function schedule<T>(
    step: StepName,
    target: string,
    summary: string,
    how: StepCall,
    input?: object,
  ): Promise<T> {
    const limits = limitsNow(step, how, Date.now(), times);
    if (!limits) return Promise.reject(new OutOfTime(step));
    const { heartbeatMs, maximumAttempts } = limits;
    const activityId = progress.uniqueId(target === '' ? step : `${step}: ${target}`);
    const activity = scheduleActivity<T>(step, input ? [input] : [], {
      activityId,
      summary,
      startToCloseTimeout: limits.startToCloseMs,
      scheduleToCloseTimeout: limits.scheduleToCloseMs,
      ...(heartbeatMs === undefined ? {} : { heartbeatTimeout: heartbeatMs }),
      retry: {
        initialInterval: limits.firstRetryMs,
        backoffCoefficient: BACKOFF_COEFFICIENT,
        maximumInterval: limits.retryCapMs,
        ...(maximumAttempts === undefined ? {} : { maximumAttempts }),
      },
    });
    return progress.follow(activityId, activity);
  }

  return {
    planRefresh: (how) => schedule('planRefresh', '', 'Read the configuration', how),
    inspectConnections: (input, how) =>
      schedule('inspectConnections', input.store, `Read connections of ${input.store}`, how, input),
    extractToken: (input, how) =>
      schedule(
        'extractToken',
        input.group,
        `Get a token for ${count(input.registries, 'registry')}`,
        how,
        input,
      ),
    updateConnections: (input, how) =>
      schedule(
        'updateConnections',
        `${input.store} ${input.registry}`,
        `Write the token into ${count(input.connections, 'connection')} of ${input.store}`,
        how,
        input,
      ),
    testDocker: (input, how) =>
      schedule('testDocker', `${input.engine} ${input.registry}`, `Log in from ${input.engine}`, how, input),
  };
}

async function watchProgress(progress: StepProgress): Promise<void> {
  for (;;) {
    await sleep(UPDATE_INTERVAL, { summary: 'Update the current details' });
    progress.show(new Date());
  }
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}

/** `1 connection`, `3 registries`: read in the Temporal UI. */
function count(items: readonly unknown[], noun: 'connection' | 'registry'): string {
  const plural = noun === 'registry' ? 'registries' : 'connections';
  return `${items.length} ${items.length === 1 ? noun : plural}`;
}
