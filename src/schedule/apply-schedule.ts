// Creates or updates the schedule in Temporal from the configuration. Keeps an operator's pause and note.
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import { triggerRun, type TriggeredRun } from './trigger-run.js';
import { SPEC_HASH, getSpecHash, type DesiredSchedule } from './build-schedule.js';

export type ApplyOutcome = 'created' | 'updated' | 'unchanged';

export interface Applied {
  readonly outcome: ApplyOutcome;
  /** The first run of a new schedule; undefined if it did not start within 10 s. */
  readonly firstRun?: TriggeredRun | undefined;
}

/** A new schedule starts its first run immediately, so that problems show now and not in four hours. */
export async function applySchedule(client: Client, desired: DesiredSchedule): Promise<Applied> {
  const handle = client.schedule.getHandle(desired.scheduleId);
  const description = await describeOrUndefined(handle);
  if (description) return updateIfNeeded(handle, description, desired);
  try {
    await client.schedule.create(desired);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Someone else created it at the same time.
    return updateIfNeeded(handle, await handle.describe(), desired);
  }
  // Not `triggerImmediately`: it starts a run even if one is in progress, despite the overlap policy.
  return { outcome: 'created', firstRun: await triggerRun(handle) };
}

/** Whether the schedule matches the configuration. */
export function isUpToDate(description: ScheduleDescription, desired: DesiredSchedule): boolean {
  return (
    description.action.memo?.[SPEC_HASH] === getSpecHash(desired) &&
    description.policies.overlap === ScheduleOverlapPolicy.SKIP
  );
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
): Promise<Applied> {
  if (isUpToDate(description, desired)) return { outcome: 'unchanged' };
  const { spec, action, policies } = desired;
  // Replaces the whole spec: if merged, the old and the new spec would both start runs.
  await handle.update(({ state }) => ({ spec, action, state, ...(policies ? { policies } : {}) }));
  return { outcome: 'updated' };
}
