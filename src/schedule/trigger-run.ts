// Starts a run through the schedule and its overlap policy, and finds that run. Never starts a second run in parallel.
import { setTimeout as delay } from 'node:timers/promises';
import {
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
} from '@temporalio/client';
import { findLeftRuns, runningRuns, startedRuns, type RunIds } from './find-runs.js';

export interface TriggeredRun {
  readonly workflowId: string;
  readonly runId: string;
  /** True if this run was already in progress. */
  readonly alreadyRunning: boolean;
}

/** Measured on server 1.32: the run usually appears within 50 ms, once after 2 s. */
const FIND_LIMIT_MS = 10_000;
const FIND_INTERVAL_MS = 200;

/**
 * As `triggerRun`, and does not start a run next to one that a deleted schedule with this id has left.
 * @param description the schedule as it is now
 */
export async function startRun(
  client: Client,
  handle: ScheduleHandle,
  description: ScheduleDescription,
): Promise<TriggeredRun | undefined> {
  const [left] = await findLeftRuns(client, handle.scheduleId, description);
  return toTriggered(left) ?? triggerRun(handle);
}

/** A run in progress that is followed instead of starting one. */
export function toTriggered(run: RunIds | undefined): TriggeredRun | undefined {
  return run && { workflowId: run.workflowId, runId: run.runId, alreadyRunning: true };
}

/** @returns undefined if no run started within 10 s, which indicates a problem of the server */
export async function triggerRun(handle: ScheduleHandle): Promise<TriggeredRun | undefined> {
  const before = await handle.describe();
  await handle.trigger(ScheduleOverlapPolicy.SKIP);
  return findNewRun(handle, before);
}

/** The run that started after `before`, or the run in progress that prevented a start. */
export async function findNewRun(
  handle: ScheduleHandle,
  before: ScheduleDescription,
): Promise<TriggeredRun | undefined> {
  const known = new Set(startedRuns(before).map(({ runId }) => runId));
  const giveUpAt = performance.now() + FIND_LIMIT_MS;
  while (performance.now() < giveUpAt) {
    const after = await handle.describe();
    // Compares run ids: workflow ids have a resolution of one second and can repeat.
    const started = startedRuns(after).find(({ runId }) => !known.has(runId));
    if (started) return { ...started, alreadyRunning: false };
    // The run in progress may have ended since then.
    const [running] = [...runningRuns(after), ...runningRuns(before)];
    if (running && after.info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap) {
      return { ...running, alreadyRunning: true };
    }
    await delay(FIND_INTERVAL_MS);
  }
  return undefined;
}
