// Decides from what Temporal knows whether anything is wrong or about to be: what makes `status` exit with 1.
import { failureEntry } from '../refresh/failures.js';
import { formatTime } from '../refresh/format-time.js';
import type { Problem } from '../refresh/problem.js';
import {
  findReliableEnd,
  type DockerReport,
  type FailureReport,
  type RefreshReport,
  type StoreReport,
} from '../refresh/report.js';
import { describeConnections, describePlace } from '../refresh/report-texts.js';
import { formatDuration } from '../refresh/schedule-margins.js';
import { findScheduleProblems, type ScheduleState } from '../schedule/schedule-state.js';
import { findQueueProblems, type QueueWorkers } from '../temporal/queue-workers.js';
import type { RunInProgress, RunStep } from '../schedule/run-in-progress.js';

/** A run needs some minutes to replace a token. */
const RUN_MS = 5 * 60_000;
/** With fewer, a failure may be over with the next attempt. */
const FAILED_ATTEMPTS = 3;
/** A live worker takes a run within a second. */
const NOT_TAKEN_MS = 2 * 60_000;

const SESSION_REMEDY =
  'Give the role a longer session (`sessionDuration`), or run more often; then run `schedule trigger`.';

/** What is read from Temporal; times by Temporal's clock. */
export interface StatusFacts {
  readonly now: Date;
  /** Milliseconds that Temporal's clock is ahead of this machine's, where they differ by minutes; else 0. */
  readonly clockOffsetMs: number;
  readonly scheduleId: string;
  /** Undefined when there is no such schedule. */
  readonly schedule: ScheduleState | undefined;
  readonly workers: QueueWorkers;
  readonly run: RunInProgress | undefined;
  /** Ids of the runs in progress, the newest first. */
  readonly openRuns: readonly string[];
  readonly lastRun: LastRun | undefined;
  /** Of the newest closed run that left one. */
  readonly report: RefreshReport | undefined;
}

/** The newest closed run. */
export interface LastRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly closedAt: string;
  /** `no report` when it was terminated, cancelled or timed out. */
  readonly outcome: RefreshReport['outcome'] | 'no report';
  /** Why there is no report; null when there is one. */
  readonly reason: string | null;
}

export interface StatusLimits {
  /** Warn when a token expires within this time; default: before the next run can replace it. */
  readonly expiresWithinMs?: number | undefined;
  /** How long a step may fail. */
  readonly failingForMs: number;
}

/** Everything that is wrong, what a person must do first at the top; empty when the exit code is 0. */
export function findProblems(facts: StatusFacts, limits: StatusLimits): Problem[] {
  const causes = [
    ...findScheduleProblems(facts.scheduleId, facts.schedule),
    ...findQueueProblems(facts.workers, facts.run?.waitingForWorkerSince),
    ...findStuckRun(facts),
    ...findRunProblems(facts, limits),
    ...findLastRunProblems(facts),
  ];
  return [...causes, ...findExpiryProblems(facts, limits, chooseExpiryRemedy(facts.run, causes))];
}

/** A run that makes no progress although a worker is alive: on another queue, or with code that fails. */
function findStuckRun({ run, now, workers }: StatusFacts): Problem[] {
  if (!run) return [];
  const target = `run ${run.runId}`;
  const remedy = 'Check the log of the worker, then run `schedule trigger --now`.';
  if (run.failedWorkflowTasks >= FAILED_ATTEMPTS) {
    const message = `its workflow code failed ${run.failedWorkflowTasks} times, for example because of an incompatible upgrade`;
    return [{ id: 'run-stuck', target, message, remedy }];
  }
  const since = run.waitingForWorkerSince;
  // Without a live worker, that is the problem.
  if (!workers.isAlive || since === null || now.getTime() - Date.parse(since) < NOT_TAKEN_MS) return [];
  return [
    {
      id: 'run-stuck',
      target,
      message: `no worker of its task queue ${run.taskQueue} has taken it since ${formatTime(since)}`,
      remedy: `Start a worker for ${run.taskQueue}, or terminate the run in Temporal and run \`schedule trigger\`.`,
    },
  ];
}

function findRunProblems({ run, now }: StatusFacts, { failingForMs }: StatusLimits): Problem[] {
  if (!run) return [];
  const steps = run.steps
    .filter((step) => isFailing(step, now, failingForMs))
    .map(({ step, target, failure, failedAttempts, failingSince }) => ({
      id: 'step-failing',
      target: `${step} ${target}`.trim(),
      message: `${failure?.type} in ${failedAttempts} ${failedAttempts === 1 ? 'attempt' : 'attempts'}: ${failure?.message}`,
      remedy: failure?.remedy ?? '',
      ...(failingSince === null ? {} : { since: failingSince }),
    }));
  const failed = (run.report?.failures ?? []).map((failure) => toProblem('part-failed', failure));
  return [...failed, ...steps];
}

/** A failure that a person must fix counts at once, throttling never. */
function isFailing({ failure, failingSince, failedAttempts }: RunStep, now: Date, forMs: number): boolean {
  if (!failure) return false;
  const { whoActs, retryAfterMinutes } = failureEntry(failure.type);
  if (whoActs === 'no one') return false;
  if (retryAfterMinutes !== undefined) return true;
  const sinceMs = failingSince === null ? -Infinity : Date.parse(failingSince);
  return failedAttempts >= FAILED_ATTEMPTS && now.getTime() - sinceMs >= forMs;
}

function findLastRunProblems({ lastRun, report, run }: StatusFacts): Problem[] {
  if (!lastRun || lastRun.outcome === 'refreshed') return [];
  const target = `run ${lastRun.runId}`;
  if (lastRun.outcome === 'no report') {
    return [
      {
        id: 'last-run-without-report',
        target,
        message: `left no report: ${lastRun.reason}`,
        remedy: run
          ? 'Wait for the end of the run in progress.'
          : 'Open the run in Temporal, then start another: `schedule trigger`.',
      },
    ];
  }
  return (report?.failures ?? [])
    .filter((failure) => !isFixedBy(run, failure) && !isReportedBy(run, failure))
    .map((failure) => toProblem('last-run-incomplete', failure));
}

function toProblem(id: string, failure: FailureReport): Problem {
  const { type, message, remedy, failingSince } = failure;
  return {
    id,
    target: describePlace(failure),
    message: `${type}${describeConnections(failure)}: ${message}`,
    remedy,
    ...(failingSince === undefined ? {} : { since: failingSince }),
  };
}

/** Whether the run in progress has failed at the same again: that is one problem. */
function isReportedBy(run: RunInProgress | undefined, failure: FailureReport): boolean {
  return (run?.report?.failures ?? []).some((now) => isSamePlace(now, failure) && now.type === failure.type);
}

function isSamePlace(one: FailureReport, other: FailureReport): boolean {
  return describePlace(one) === describePlace(other);
}

/** Whether the run in progress has already succeeded at what failed. */
export function isFixedBy(run: RunInProgress | undefined, failure: FailureReport): boolean {
  if (!run?.report || !run.progress) return false;
  const { failures, docker, tokens } = run.report;
  const { stage, store, registry, engine } = failure;
  if (stage === 'plan') return run.progress.stepsDone > 0 && !failures.some((now) => now.stage === 'plan');
  if (stage === 'test') {
    if (failures.some((now) => isSamePlace(now, failure))) return false;
    // Without an engine it is about pulls from the registry, which are checked with the token.
    if (engine === undefined)
      return tokens.some(({ registries }) => registries.some((host) => host === registry));
    const isOk = (row: DockerReport): boolean => row.engine === engine && row.login === 'ok';
    return docker.some((row) => isOk(row) && (registry === undefined || row.registry === registry));
  }
  if (store === undefined) return false;
  return run.progress.storesDone.includes(store) && !failures.some((now) => now.store === store);
}

/** Of a token that expires although it should have been replaced. */
function chooseExpiryRemedy(run: RunInProgress | undefined, causes: readonly Problem[]): string {
  if (causes.length > 0) return `Fix the other problems first${run ? '' : ', then run `schedule trigger`'}.`;
  return run ? 'Wait for the end of the run in progress.' : 'Run `schedule trigger --wait`.';
}

function findExpiryProblems(facts: StatusFacts, limits: StatusLimits, remedy: string): Problem[] {
  return listRows(facts).flatMap((row) => {
    const problem = describeExpiry(row, facts, limits, remedy);
    return problem ? [problem] : [];
  });
}

function describeExpiry(
  row: StoreReport,
  { now, schedule, run }: StatusFacts,
  { expiresWithinMs }: StatusLimits,
  expiryRemedy: string,
): Problem | undefined {
  const end = findReliableEnd(row);
  // Never refreshed: then a failure says so.
  if (end === null) return undefined;
  const leftMs = Date.parse(end) - now.getTime();
  const target = `${row.store} ${row.registry}`;
  const isSessionEnd = end !== row.expiresAt;
  const remedy = isSessionEnd ? SESSION_REMEDY : expiryRemedy;
  if (leftMs <= 0) {
    const what = isSessionEnd ? 'ended with its AWS session' : 'expired';
    const message = `the token in its connections ${what} ${formatDuration(-leftMs)} ago`;
    return { id: 'expired', target, message, remedy };
  }
  const limitMs = expiresWithinMs ?? replacedWithinMs(now, schedule, run);
  if (limitMs === undefined || leftMs >= limitMs) return undefined;
  const what = isSessionEnd ? 'ends with its AWS session' : 'expires';
  const message = `the token in its connections ${what} in ${formatDuration(leftMs)}`;
  const before = expiresWithinMs === undefined ? ', before the next run can replace it' : '';
  return { id: 'expires-soon', target, message: message + before, remedy };
}

/** How long until the next run has replaced a token; a run in progress does so within minutes. */
function replacedWithinMs(
  now: Date,
  schedule: ScheduleState | undefined,
  run: RunInProgress | undefined,
): number | undefined {
  if (run) return RUN_MS;
  const next = schedule?.nextRunsAt.find((time) => time > now);
  return next && next.getTime() - now.getTime() + (schedule?.jitterMs ?? 0) + RUN_MS;
}

/**
 * The rows of the last report, or of the run in progress where that has refreshed all connections of a row: until then some
 * may still have the earlier token.
 */
export function listRows({ report, run }: Pick<StatusFacts, 'report' | 'run'>): StoreReport[] {
  const rows = new Map((report?.stores ?? []).map((row) => [toKey(row), row]));
  const done = new Set(run?.progress?.storesDone);
  for (const row of run?.report?.stores ?? []) {
    const isRefreshed = row.refreshed > 0 && row.failed === 0 && done.has(row.store);
    if (isRefreshed || !rows.has(toKey(row))) rows.set(toKey(row), row);
  }
  return [...rows.values()];
}

function toKey({ store, registry }: StoreReport): string {
  return JSON.stringify([store, registry]);
}
