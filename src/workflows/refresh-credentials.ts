// The workflow of a run: deadline, activity options, and what the Temporal UI shows. The steps and their order are in
// `refresh/flow.ts`. No secret passes through the workflow: steps exchange only names, times, counts and fingerprints.
import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
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
import { describeFailure } from '../refresh/failures.js';
import { refresh, type RunView } from '../refresh/flow.js';
import { keepPlausible, parseReport, REFRESH_INCOMPLETE, type RefreshReport } from '../refresh/report.js';
import { summarizeReport } from '../refresh/report-texts.js';
import { MAX_CHARS, toMarkdown, toSafeText } from '../refresh/safe-text.js';
import { parseScheduledStores, STORES_MEMO } from '../refresh/scheduled-stores.js';
import { toRunLog, type RunLogSinks } from '../refresh/run-log.js';
import { parseStepResult, type StepInputs, type StepResults } from '../refresh/step-results.js';
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
 * @param input a RefreshInput, from anyone who can start workflows
 * @returns the report if everything was refreshed
 * @throws ApplicationFailure of type RefreshIncomplete with the report as its first detail, if anything failed; of type
 *   InputNotAllowed for another input
 */
export async function refreshCredentials(input: unknown): Promise<RefreshReport> {
  const { retryForMs } = parseRefreshInput(input);
  const info = workflowInfo();
  const times = runBounds(Date.now(), retryForMs, findEnd(info));
  const progress = new StepProgress(setCurrentDetails);
  const report = await refresh(scheduledSteps(times, progress), {
    runId: info.runId,
    previous: previousReport(new Date()),
    now: () => new Date(),
    deadlineMs: times.deadlineMs,
    retryForMs,
    wait: (ms, waiting) =>
      progress.followWait(
        waiting,
        new Date(Date.now() + ms),
        sleep(ms, { summary: `Back-off before retrying ${waiting.step}` }),
      ),
    describe: (error) => describeStepError(error, CancellationScope.current().consideredCancelled),
    observe: (run) => showProgress(progress, run),
    onFailure: () => progress.showSoon(),
  });
  const summary = summarizeReport(report);
  runLog.ended(toRunLog(report));
  setCurrentDetails(toMarkdown(`${summary}.`, MAX_CHARS.printed));
  if (report.outcome === 'refreshed') return report;
  throw toRunFailure(REFRESH_INCOMPLETE, summary, report);
}

/** An edited schedule could set another value; no schedule of this program waits for so long. */
const LONGEST_RETRY_FOR_MS = 366 * 24 * 3_600_000;

/** @throws ApplicationFailure: any other error would make Temporal retry the task until the run times out */
function parseRefreshInput(input: unknown): RefreshInput {
  const { retryForMs } = (input ?? {}) as Partial<Record<keyof RefreshInput, unknown>>;
  if (typeof retryForMs === 'number' && retryForMs > 0 && retryForMs <= LONGEST_RETRY_FOR_MS) {
    return { retryForMs };
  }
  const message = 'The run received an invalid input: `retryForMs` must be a number of milliseconds above 0.';
  const { type, remedy, scope } = describeFailure('InputNotAllowed', message);
  throw toRunFailure(type, message, { remedy, scope });
}

function toRunFailure(type: string, message: string, details: unknown): ApplicationFailure {
  const failure = ApplicationFailure.create({ type, message, nonRetryable: true, details: [details] });
  // The report shows where it failed; a stack trace would only reveal the worker's installation path.
  failure.stack = '';
  return failure;
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
function previousReport(now: Date): RefreshReport | undefined {
  const { lastFailure, lastResult } = workflowInfo();
  const failed =
    lastFailure instanceof ApplicationFailure ? parseReport(lastFailure.details?.[0]) : undefined;
  const report = failed ?? parseReport(lastResult);
  return report && keepPlausible(report, now);
}

/** The steps as activities, each limited to the time left until the deadline. */
function scheduledSteps(times: RunBounds, progress: StepProgress): RefreshSteps {
  function schedule<S extends StepName>(
    step: S,
    target: string,
    summary: string,
    how: StepCall,
    input: StepInputs[S],
  ): Promise<StepResults[S]> {
    const limits = limitsNow(step, how, Date.now(), times);
    if (!limits) return Promise.reject(new OutOfTime(step));
    const { heartbeatMs, maximumAttempts } = limits;
    const activityId = progress.uniqueId(target === '' ? step : `${step}: ${target}`);
    const activity = scheduleActivity<unknown>(step, input ? [input] : [], {
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
    const result = activity.then((value) => parseStepResult(step, value, input));
    return progress.follow(activityId, { step, target, attempts, earlier }, result);
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
