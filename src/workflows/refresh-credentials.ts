// The workflow of a run: deadline, activity options, and what the Temporal UI shows. The steps and their order are in
// `refresh/flow.ts`. No secret passes through the workflow: steps exchange only names, times, counts and fingerprints.
import { ApplicationFailure } from '@temporalio/common';
import {
  defineQuery,
  proxySinks,
  scheduleActivity,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
  type WorkflowInfo,
} from '@temporalio/workflow';
import { BACKOFF_COEFFICIENT, limitsNow, runBounds, type RunBounds } from '../refresh/activity-limits.js';
import { refresh, type RunView } from '../refresh/flow.js';
import { parseReport, REFRESH_INCOMPLETE, type RefreshReport } from '../refresh/report.js';
import { summarizeReport } from '../refresh/report-texts.js';
import { MAX_CHARS, toMarkdown, toSafeText } from '../refresh/safe-text.js';
import { parseScheduledStores, STORES_MEMO } from '../refresh/scheduled-stores.js';
import { toRunLog, type RunLogSinks } from '../refresh/run-log.js';
import { PROGRESS_QUERY, type RunProgress } from '../refresh/run-progress.js';
import type { PlanInput, RefreshSteps, StepCall, StepName } from '../refresh/activity-types.js';
import { describeStepError, OutOfTime } from './step-error.js';
import { StepProgress } from './step-progress.js';

export interface RefreshInput {
  /** How long a run keeps retrying, from its first workflow task. */
  readonly retryForMs: number;
}

/**
 * One run: plan; then inspect, extract, update and test for each store.
 *
 * @returns the report if everything was refreshed
 * @throws ApplicationFailure of type RefreshIncomplete with the report as its first detail, if anything failed
 */
export async function refreshCredentials({ retryForMs }: RefreshInput): Promise<RefreshReport> {
  const info = workflowInfo();
  const times = runBounds(Date.now(), retryForMs, findEnd(info));
  const progress = new StepProgress(setCurrentDetails);
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
        sleep(ms, { summary: `Back-off before retrying ${waiting.step}` }),
      ),
    describe: describeStepError,
    observe: (run) => showProgress(progress, run),
    onFailure: () => progress.showSoon(),
  });
  const summary = summarizeReport(report);
  runLog.ended(toRunLog(report));
  setCurrentDetails(toMarkdown(`${summary}.`, MAX_CHARS.printed));
  if (report.outcome === 'refreshed') return report;
  const incomplete = ApplicationFailure.create({
    type: REFRESH_INCOMPLETE,
    message: summary,
    nonRetryable: true,
    details: [report],
  });
  // The report shows where it failed; a stack trace would only reveal the worker's installation path.
  incomplete.stack = '';
  throw incomplete;
}

const { runLog } = proxySinks<RunLogSinks>();
const progressQuery = defineQuery<RunProgress>(PROGRESS_QUERY);

/** Makes the progress of the run available to the query `progress` and to the current details in the Temporal UI. */
function showProgress(progress: StepProgress, run: RunView): void {
  progress.listFailuresBy(() => run.failures());
  setHandler(progressQuery, () => ({
    stepsDone: progress.done,
    steps: progress.list(),
    stepsInProgress: progress.inProgress,
    storesDone: run.storesDone(),
    report: run.report(),
  }));
}

/** When Temporal ends the run, without a report. A run started manually may have only a run timeout. */
function findEnd({ executionExpirationTime, runStartTime, runTimeoutMs }: WorkflowInfo): number {
  if (executionExpirationTime) return executionExpirationTime.getTime();
  return runTimeoutMs ? runStartTime.getTime() + runTimeoutMs : Infinity;
}

/**
 * A failed run has its report in the failure, a successful one in the result. If there are both, the failure is newer.
 */
function previousReport(): RefreshReport | undefined {
  const { lastFailure, lastResult } = workflowInfo();
  const failed =
    lastFailure instanceof ApplicationFailure ? parseReport(lastFailure.details?.[0]) : undefined;
  return failed ?? parseReport(lastResult);
}

/** The steps as activities, each limited to the time left until the deadline. */
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
      summary: toSafeText(summary, MAX_CHARS.message),
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
    const { attemptsBefore: attempts, earlier } = how;
    return progress.follow(activityId, { step, target, attempts, earlier }, activity);
  }

  return {
    planRefresh: (how) =>
      schedule('planRefresh', '', 'Read the configuration', how, toPlanInput(workflowInfo())),
    inspectConnections: (input, how) =>
      schedule('inspectConnections', input.store, `Inspect connections in ${input.store}`, how, input),
    extractToken: (input, how) =>
      schedule(
        'extractToken',
        input.group,
        `Get ECR token for ${count(input.registries, 'registry')}`,
        how,
        input,
      ),
    updateConnections: (input, how) =>
      schedule(
        'updateConnections',
        `${input.store} ${input.registry}`,
        `Update ${count(input.connections, 'connection')} in ${input.store}`,
        how,
        input,
      ),
    testDocker: (input, how) =>
      schedule(
        'testDocker',
        `${input.engine} ${input.registry}`,
        `Log in from ${input.engine} to ${input.registry}`,
        how,
        input,
      ),
  };
}

/** What the memo of the run, which is that of its schedule's action, says about its stores. */
function toPlanInput({ memo }: WorkflowInfo): PlanInput | undefined {
  const scheduledStores = parseScheduledStores(memo?.[STORES_MEMO]);
  return scheduledStores && { scheduledStores };
}

/** `1 connection`, `3 registries` */
function count(items: readonly unknown[], noun: 'connection' | 'registry'): string {
  const plural = noun === 'registry' ? 'registries' : 'connections';
  return `${items.length} ${items.length === 1 ? noun : plural}`;
}
