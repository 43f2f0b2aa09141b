// Starts a run through the schedule and its overlap policy, and finds that run. Never starts a second run in parallel.
import { setTimeout as delay } from 'node:timers/promises';
import { ScheduleOverlapPolicy, type ScheduleDescription, type ScheduleHandle } from '@temporalio/client';

export interface TriggeredRun {
  readonly workflowId: string;
  readonly runId: string;
  /** True if this run was already in progress. */
  readonly alreadyRunning: boolean;
}

/** Measured on server 1.32: the run usually appears within 50 ms, once after 2 s. */
const FIND_LIMIT_MS = 10_000;
const FIND_INTERVAL_MS = 200;

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
    const [running] = [...after.info.runningActions, ...before.info.runningActions];
    if (running && after.info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap) {
      const { workflowId, firstExecutionRunId: runId } = running.workflow;
      return { workflowId, runId, alreadyRunning: true };
    }
    await delay(FIND_INTERVAL_MS);
  }
  return undefined;
}

/** Recent runs of the schedule, the oldest first; Temporal keeps about ten. */
export function startedRuns(description: ScheduleDescription): { workflowId: string; runId: string }[] {
  return description.info.recentActions.map(({ action }) => ({
    workflowId: action.workflow.workflowId,
    runId: action.workflow.firstExecutionRunId,
  }));
}
