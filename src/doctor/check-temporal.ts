// Checks what a run needs of Temporal: the schedule, and a worker that gets its tasks.
import type { Client, ScheduleDescription } from '@temporalio/client';
import type { RefreshConfig } from '../config/refresh-config.js';
import { formatTime } from '../refresh/format-time.js';
import { describeOrUndefined, findWanted } from '../schedule/apply-schedule.js';
import { describeUnexpected } from '../log/unexpected-error.js';
import { buildScheduleOptions, getStores, type DesiredSchedule } from '../schedule/build-schedule.js';
import { findClosedRuns, findRuns, type Run } from '../schedule/find-runs.js';
import { waitForReport, type RunResult } from '../schedule/run-report.js';
import {
  describeState,
  findDifferences,
  findScheduleProblems,
  toScheduleState,
} from '../schedule/schedule-state.js';
import { withTemporalClient } from '../temporal/connection.js';
import { readQueueWorkers } from '../temporal/queue-workers.js';
import { readTemporalSettings } from '../temporal/settings/settings.js';
import { TemporalUnavailable } from '../temporal/unavailable.js';
import { CONFIG_REMEDIES } from '../refresh/remedies/config.js';
import { matchStores, parseScheduledStores, STORES_MEMO } from '../refresh/scheduled-stores.js';
import { ok, skipped, warning, type Check } from './check.js';
import { sessionLifeChecks } from './check-token-life.js';
import { workerChecks } from './check-workers.js';

const TEMPORAL = { id: 'temporal', target: 'Temporal' } as const;
const CONFIG_IN_USE = { id: 'config-in-use', target: 'configuration in use' } as const;

export async function checkTemporal(config: RefreshConfig): Promise<Check[]> {
  try {
    const { address, namespace } = readTemporalSettings();
    return await withTemporalClient(async (client) => [
      ok(TEMPORAL, `${address} responds, namespace ${namespace}`),
      ...(await checkInTemporal(client, config)),
    ]);
  } catch (error) {
    const { message, remedy } = error instanceof TemporalUnavailable ? error : describeUnexpected(error);
    return [
      { ...TEMPORAL, outcome: 'failed', message, remedy },
      ...skipRest(config, 'the check of Temporal failed'),
    ];
  }
}

/** The checks of {@link checkTemporal} when Temporal is not contacted. */
export function skipTemporal(config: RefreshConfig, reason: string): Check[] {
  return [skipped(TEMPORAL, reason), ...skipRest(config, reason)];
}

function skipRest({ schedule, taskQueue }: RefreshConfig, reason: string): Check[] {
  return skipInTemporal(`schedule ${schedule.id}`, `task queue ${taskQueue}`, reason);
}

/** What depends on Temporal. */
export function skipInTemporal(schedule: string, taskQueue: string, reason: string): Check[] {
  return [
    skipped({ id: 'schedule', target: schedule }, reason),
    skipped({ id: 'schedule-match', target: `settings of ${schedule}` }, reason),
    skipped({ id: 'workers', target: `workers of ${taskQueue}` }, reason),
    skipped({ id: 'task-queue', target: taskQueue }, reason),
    skipped(CONFIG_IN_USE, reason),
  ];
}

async function checkInTemporal(client: Client, config: RefreshConfig): Promise<Check[]> {
  const { id } = config.schedule;
  const description = await describeOrUndefined(client.schedule.getHandle(id));
  const closed = findClosedRuns(await findRuns(client, id, description));
  const [newest] = closed;
  // Runs wait for workers of the queue that the schedule names, whatever the file says.
  const taskQueue = description?.action.taskQueue ?? config.taskQueue;
  const [wanted, workers, result] = await Promise.all([
    findWanted(client, buildScheduleOptions(config), description),
    readQueueWorkers(
      client,
      taskQueue,
      closed.find(({ wasTaken }) => wasTaken),
    ),
    newest && waitForReport(client, newest.workflowId, newest.runId),
  ]);
  return [
    ...scheduleChecks(id, description, wanted),
    ...workerChecks(workers, config.hash, new Date()),
    configInUseCheck(config.hash, newest, result),
    ...(result?.report ? sessionLifeChecks(result.report, config.schedule) : []),
  ];
}

/** @param description undefined if the schedule does not exist */
export function scheduleChecks(
  id: string,
  description: ScheduleDescription | undefined,
  desired: DesiredSchedule,
): Check[] {
  const target = `schedule ${id}`;
  const match = { id: 'schedule-match', target: `settings of ${target}` } as const;
  const state = description && toScheduleState(description);
  const problems = findScheduleProblems(id, state).map(({ message, remedy }): Check => ({
    id: 'schedule',
    target,
    outcome: 'failed',
    message,
    remedy,
  }));
  if (!description || !state) return [...problems, skipped(match, 'the schedule does not exist')];
  const [nextRun] = state.nextRunsAt;
  const next = nextRun === undefined ? 'unknown' : formatTime(nextRun);
  const differences = findDifferences(description, desired);
  return [
    ...(problems.length > 0
      ? problems
      : [ok({ id: 'schedule', target }, `${describeState(state)}; next run ${next}`)]),
    differences.length === 0
      ? ok(match, 'matches the configuration')
      : warning(
          match,
          `differs from the configuration: ${differences.join('; ')}`,
          isOfOtherDeployment(description, desired) ? CONFIG_REMEDIES.takeOver : 'Run `schedule apply`.',
        ),
  ];
}

/** `schedule apply` refuses such a schedule. */
function isOfOtherDeployment({ action }: ScheduleDescription, desired: DesiredSchedule): boolean {
  const scheduled = parseScheduledStores(action.memo?.[STORES_MEMO]);
  return scheduled !== undefined && matchStores(scheduled, getStores(desired)) === 'disjoint';
}

/**
 * @param hash of the configuration in the file
 * @param newest the closed run that ended last, and its report
 */
export function configInUseCheck(
  hash: string,
  newest: Pick<Run, 'runId'> | undefined,
  result: RunResult | undefined,
): Check {
  if (!newest || !result) return skipped(CONFIG_IN_USE, 'no run has finished yet');
  if (!result.report)
    return skipped(CONFIG_IN_USE, `the last run ${newest.runId} left no report: ${result.why}`);
  const { configHash } = result.report;
  // Also absent, when another release has written the report.
  if (!configHash) return skipped(CONFIG_IN_USE, `the last run ${newest.runId} read no configuration`);
  if (configHash === hash) {
    return ok(CONFIG_IN_USE, `the last run used ${configHash}, the same as in the file`);
  }
  return warning(
    CONFIG_IN_USE,
    `the last run used ${configHash}; the file has ${hash}`,
    'If the file was edited after that run, run `schedule trigger`. Otherwise run `doctor` with the file of the worker.',
  );
}
