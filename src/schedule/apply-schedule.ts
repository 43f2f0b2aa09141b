// Owns `schedule apply`: makes the schedule in Temporal what the configuration says, and changes nothing when it is
// already. Keeps what an operator did to it: pause and note.
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
  /** The first run of a schedule that was created; undefined when it did not show up within 10 s. */
  readonly firstRun?: TriggeredRun | undefined;
}

/** A new schedule starts its first run at once: nobody wants to wait four hours to see whether it works. */
export async function applySchedule(client: Client, desired: DesiredSchedule): Promise<Applied> {
  const handle = client.schedule.getHandle(desired.scheduleId);
  const description = await describeOrUndefined(handle);
  if (description) return updateIfNeeded(handle, description, desired);
  try {
    await client.schedule.create(desired);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Somebody else created it in this moment.
    return updateIfNeeded(handle, await handle.describe(), desired);
  }
  // Not `triggerImmediately`: that starts a run beside one that is under way, whatever the policy says.
  return { outcome: 'created', firstRun: await triggerRun(handle) };
}

/** Whether the schedule is what the configuration says. */
export function isUpToDate(description: ScheduleDescription, desired: DesiredSchedule): boolean {
  return (
    description.action.memo?.[SPEC_HASH] === getSpecHash(desired) &&
    description.policies.overlap === ScheduleOverlapPolicy.SKIP
  );
}

/** Undefined when there is no such schedule. */
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
  // The spec is replaced whole: merged with the old one, both would fire.
  await handle.update(({ state }) => ({ spec, action, state, ...(policies ? { policies } : {}) }));
  return { outcome: 'updated' };
}
