// Creates or updates the schedule in Temporal from the configuration. Keeps an operator's pause and note.
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import { getStores, type DesiredSchedule } from './build-schedule.js';
import { checkStores } from './check-stores.js';
import { findLeftRuns, type RunInfo } from './find-runs.js';
import { OtherDeployment } from './other-deployment.js';
import { findDifferences, toScheduleState } from './schedule-state.js';
import { toTriggered, triggerRun, type TriggeredRun } from './trigger-run.js';

/** `replaced`: the schedule was applied for other stores before. */
export type ApplyOutcome = 'created' | 'updated' | 'unchanged' | 'replaced';

export interface Applied {
  readonly outcome: ApplyOutcome;
  /**
   * The first run of a new schedule, or the run in progress that a deleted schedule has left; undefined if none started
   * within 10 s.
   */
  readonly firstRun?: TriggeredRun | undefined;
  /** True: an operator's pause was kept, so that no runs start. */
  readonly paused: boolean;
  /** Undefined while paused. */
  readonly nextRunAt: Date | undefined;
}

export interface ApplyOptions {
  /** Takes over a schedule that was applied for other stores. */
  readonly replace?: boolean | undefined;
}

/**
 * A new schedule starts its first run immediately, so that problems show now and not in four hours. Where a deleted
 * schedule has left a run in progress, it starts none before Temporal ends that run: the new schedule does not know it,
 * and its overlap policy would not skip it.
 * @throws OtherDeployment when the schedule was applied for stores none of which are in `desired`
 */
export async function applySchedule(
  client: Client,
  desired: DesiredSchedule,
  options: ApplyOptions = {},
): Promise<Applied> {
  const handle = client.schedule.getHandle(desired.scheduleId);
  const description = await describeOrUndefined(handle);
  const left = await findLeftRuns(client, desired.scheduleId, description);
  const delayed = startAfter(desired, left);
  if (description) return updateIfNeeded(handle, description, delayed, options);
  try {
    await client.schedule.create(delayed);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Someone else created it at the same time.
    return updateIfNeeded(handle, await handle.describe(), delayed, options);
  }
  // Not `triggerImmediately`: it starts a run even if one is in progress, despite the overlap policy.
  const firstRun = toTriggered(left[0]) ?? (await triggerRun(handle));
  return { outcome: 'created', firstRun, ...(await readNextRun(handle)) };
}

/** Whether the schedule matches the configuration. */
export function isUpToDate(description: ScheduleDescription, desired: DesiredSchedule): boolean {
  return findDifferences(description, desired).length === 0;
}

/** What `apply` would make of the schedule now. */
export async function findWanted(
  client: Client,
  desired: DesiredSchedule,
  description: ScheduleDescription | undefined,
): Promise<DesiredSchedule> {
  return startAfter(desired, await findLeftRuns(client, desired.scheduleId, description));
}

function startAfter(desired: DesiredSchedule, left: readonly RunInfo[]): DesiredSchedule {
  const ends = left.map(({ endsAt }) => endsAt?.getTime()).filter((end) => end !== undefined);
  if (ends.length === 0) return desired;
  return { ...desired, spec: { ...desired.spec, startAt: new Date(Math.max(...ends)) } };
}

async function readNextRun(handle: ScheduleHandle): Promise<Pick<Applied, 'paused' | 'nextRunAt'>> {
  const { paused, nextRunsAt } = toScheduleState(await handle.describe());
  return { paused, nextRunAt: nextRunsAt[0] };
}

/** Undefined if the schedule does not exist. */
export async function describeOrUndefined(handle: ScheduleHandle): Promise<ScheduleDescription | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

async function updateIfNeeded(
  handle: ScheduleHandle,
  description: ScheduleDescription,
  desired: DesiredSchedule,
  { replace = false }: ApplyOptions,
): Promise<Applied> {
  const isTakenOver = isOfOthers(description, desired, replace);
  if (isUpToDate(description, desired)) {
    const { paused, nextRunsAt } = toScheduleState(description);
    return { outcome: 'unchanged', paused, nextRunAt: nextRunsAt[0] };
  }
  const { spec, action, policies } = desired;
  await handle.update(({ state: { paused, note } }) => ({
    // Replaces the whole spec: if merged, the old and the new spec would both start runs.
    spec,
    action,
    // Without a limit of the number of runs.
    state: { paused, ...(note === undefined ? {} : { note }) },
    ...(policies ? { policies } : {}),
  }));
  return { outcome: isTakenOver ? 'replaced' : 'updated', ...(await readNextRun(handle)) };
}

/** @throws OtherDeployment unless it may be replaced */
function isOfOthers(description: ScheduleDescription, desired: DesiredSchedule, replace: boolean): boolean {
  try {
    checkStores(description, desired.scheduleId, getStores(desired));
    return false;
  } catch (error) {
    if (replace && error instanceof OtherDeployment) return true;
    throw error;
  }
}
