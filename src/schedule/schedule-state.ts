// What the schedule in Temporal is and will do, whatever the configuration says: it may have been edited there.
import { ScheduleOverlapPolicy, type ScheduleDescription } from '@temporalio/client';
import { formatDuration } from '../refresh/schedule-margins.js';
import type { Problem } from '../refresh/problem.js';
import { ECR_TOKEN_LIFE_MS } from '../refresh/token.js';
import { describeStores, parseScheduledStores, STORES_MEMO } from '../refresh/scheduled-stores.js';
import { matchesCron } from './calendars.js';
import { getSpecHash, getStores, SPEC_HASH, WORKFLOW_TYPE, type DesiredSchedule } from './build-schedule.js';

/** A run, whose report may take some minutes, and clock differences. */
const RESERVE_MS = 5 * 60_000;
/** With less, no step of a run has room for a retry. */
const MIN_TIMEOUT_MS = 100_000;

/** The server raises what is below. */
const MIN_CATCHUP_MS = 10_000;

const FASTER =
  'Set a shorter `schedule.every` or denser `schedule.cron`, unless the file has one already, then run `schedule apply`.';

export interface ScheduleState {
  readonly id: string;
  readonly paused: boolean;
  /** Of the last pause or resume. */
  readonly note: string | null;
  /** Empty while paused, and when the schedule has come to its end. */
  readonly nextRunsAt: readonly Date[];
  /** Undefined for calendars, to which Temporal compiles cron expressions. */
  readonly everyMs: number | undefined;
  readonly jitterMs: number;
  /** Between two of the next runs, jitter left out; undefined when fewer than two are planned. */
  readonly longestGapMs: number | undefined;
  readonly workflowType: string;
  readonly taskQueue: string;
  /** Undefined: Temporal never ends a run. */
  readonly executionTimeoutMs: number | undefined;
  readonly skipsOverlaps: boolean;
}

export function toScheduleState({
  scheduleId: id,
  spec,
  action,
  policies,
  state,
  info,
}: ScheduleDescription): ScheduleState {
  const { intervals = [], calendars = [] } = spec;
  const [interval] = intervals;
  const times = info.nextActionTimes;
  const gaps = times.slice(1).map((time, index) => time.getTime() - (times[index]?.getTime() ?? 0));
  const isPlain = intervals.length === 1 && calendars.length === 0;
  return {
    id,
    paused: state.paused,
    note: state.note || null,
    // Temporal lists them for a paused schedule, too.
    nextRunsAt: state.paused ? [] : times,
    everyMs: isPlain ? interval?.every : undefined,
    jitterMs: spec.jitter ?? 0,
    longestGapMs: isPlain ? interval?.every : gaps.length === 0 ? undefined : Math.max(...gaps),
    workflowType: action.workflowType,
    taskQueue: action.taskQueue,
    // For Temporal, 0 is no limit, too.
    executionTimeoutMs: toMs(action.workflowExecutionTimeout) || toMs(action.workflowRunTimeout) || undefined,
    skipsOverlaps: policies.overlap === ScheduleOverlapPolicy.SKIP,
  };
}

/** In one line: `every 4 h, jitter 5 min, task queue ecr-refresh`. */
export function describeState({ everyMs, longestGapMs, jitterMs, taskQueue }: ScheduleState): string {
  const starts =
    everyMs !== undefined
      ? `every ${formatDuration(everyMs)}`
      : longestGapMs !== undefined
        ? `by calendar, up to ${formatDuration(longestGapMs)} apart`
        : 'by calendar';
  return `${starts}, jitter ${formatDuration(jitterMs)}, task queue ${taskQueue}`;
}

/** What lets tokens expire. Each id stays the same in later versions. */
export function findScheduleProblems(id: string, state: ScheduleState | undefined): Problem[] {
  if (!state) return [toProblem('schedule-missing', id, 'does not exist', 'Run `schedule apply`.')];
  if (state.paused) {
    const note = state.note === null ? '' : ` (${state.note})`;
    return [
      toProblem('schedule-paused', id, `is paused${note}; tokens will expire`, 'Run `schedule unpause`.'),
    ];
  }
  const problems: Problem[] = [];
  const add = (problemId: string, message: string, remedy = 'Run `schedule apply` to restore it.'): void =>
    void problems.push(toProblem(problemId, id, message, remedy));
  const { nextRunsAt, longestGapMs, jitterMs, executionTimeoutMs, workflowType } = state;
  if (workflowType !== WORKFLOW_TYPE) {
    add('schedule-edited', `starts the workflow ${workflowType} instead of ${WORKFLOW_TYPE}`);
  }
  if (nextRunsAt.length === 0) add('schedule-ended', 'has no further runs; tokens will expire');
  if (longestGapMs !== undefined && longestGapMs + jitterMs + RESERVE_MS > ECR_TOKEN_LIFE_MS) {
    const apart = formatDuration(longestGapMs + jitterMs);
    add('schedule-too-slow', `starts runs up to ${apart} apart; tokens expire after 12 h`, FASTER);
  }
  if (executionTimeoutMs !== undefined && executionTimeoutMs < MIN_TIMEOUT_MS) {
    const limit = formatDuration(executionTimeoutMs);
    add('schedule-timeout', `ends each run after ${limit}, which is too short for a refresh`);
  }
  return problems;
}

/**
 * What differs from the configuration, in words that go after `differs from the configuration: `. Compares each setting
 * itself: an edit in Temporal may keep the hash in the memo.
 */
export function findDifferences(description: ScheduleDescription, desired: DesiredSchedule): string[] {
  const state = toScheduleState(description);
  const { spec, action, policies } = description;
  const wanted = desired.action;
  const limit = 'time limit of a run';
  const differences = [
    compare('task queue', state.taskQueue, wanted.taskQueue),
    compare('workflow', state.workflowType, wanted.workflowType),
    compareTimes(description, state, desired),
    compareStores(description, desired),
    compare('jitter', formatDuration(state.jitterMs), formatDuration(toMs(desired.spec.jitter) ?? 0)),
    compare(
      limit,
      formatMs(state.executionTimeoutMs, 'none'),
      formatMs(toMs(wanted.workflowExecutionTimeout), 'none'),
    ),
    flag(limit, [action.workflowRunTimeout, action.workflowTaskTimeout, action.retry].some(isSet)),
    flag('retryFor', JSON.stringify(action.args) !== JSON.stringify(wanted.args)),
    flag('id of the runs', action.workflowId !== wanted.workflowId),
    compare('overlap policy', String(policies.overlap), String(desired.policies?.overlap)),
    compare(
      'catch-up window',
      formatMs(policies.catchupWindow, 'none'),
      formatMs(Math.max(MIN_CATCHUP_MS, toMs(desired.policies?.catchupWindow) ?? 0), 'none'),
    ),
    flag('pause on failure', policies.pauseOnFailure),
    flag('start', isPostponed(spec.startAt, desired.spec.startAt)),
    flag('skipped times', (spec.skip ?? []).length > 0),
    flag('end', isSet(spec.endAt)),
    flag('number of runs left', isSet(description.state.remainingActions)),
  ].filter((difference) => difference !== undefined);
  if (differences.length > 0) return differences;
  // What the settings above do not show, such as the summary of a run.
  return action.memo?.[SPEC_HASH] === getSpecHash(desired) ? [] : ['other settings'];
}

/** A start in the past has no effect. `apply` postpones it while a deleted schedule has a run in progress. */
function isPostponed(startAt: Date | undefined, wanted: Date | undefined): boolean {
  return startAt !== undefined && startAt > new Date() && startAt.getTime() !== wanted?.getTime();
}

const UTC = ['UTC', 'Etc/UTC', ''];

function compareTimes(
  { spec }: ScheduleDescription,
  { everyMs }: ScheduleState,
  desired: DesiredSchedule,
): string | undefined {
  const [cron] = desired.spec.cronExpressions ?? [];
  if (cron !== undefined)
    return flag('times', !matchesCron(spec, cron) || !UTC.includes(spec.timezone ?? ''));
  const wanted = formatMs(toMs(desired.spec.intervals?.[0]?.every), 'by calendar');
  return (
    compare('interval', formatMs(everyMs, 'by calendar'), wanted) ??
    flag('times', (spec.intervals?.[0]?.offset ?? 0) !== 0)
  );
}

function compare(name: string, actual: string, wanted: string): string | undefined {
  return actual === wanted ? undefined : `${name} ${actual} instead of ${wanted}`;
}

function flag(name: string, isDifferent: boolean): string | undefined {
  return isDifferent ? name : undefined;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Undefined also for a schedule without a list of stores: the difference of its hash shows then. */
function compareStores({ action }: ScheduleDescription, desired: DesiredSchedule): string | undefined {
  const scheduled = parseScheduledStores(action.memo?.[STORES_MEMO]);
  const wanted = getStores(desired);
  if (!scheduled || JSON.stringify(scheduled) === JSON.stringify(wanted)) return undefined;
  return `Airflow instances ${describeStores(scheduled)} instead of ${describeStores(wanted)}`;
}

function formatMs(ms: number | undefined, absent: string): string {
  return ms === undefined ? absent : formatDuration(ms);
}

/** Of what this program and Temporal's client make: numbers alone. */
function toMs(duration: unknown): number | undefined {
  return typeof duration === 'number' ? duration : undefined;
}

function toProblem(id: string, schedule: string, message: string, remedy: string): Problem {
  return { id, target: `schedule ${schedule}`, message, remedy };
}
