// Ends a run that only waits for its next attempt, so that a new run makes it now: after a password was fixed, the next
// attempt may be 30 minutes away.
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, ScheduleHandle } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { runningRuns, type Run } from './find-runs.js';
import { readRunInProgress, type RunInProgress } from './run-in-progress.js';

const POLL_MS = 500;
/** An attempt takes at most two minutes. */
const ATTEMPT_LIMIT_MS = 130_000;
/** Until the schedule notices the end of a run. */
const NOTICE_LIMIT_MS = 10_000;

export const END_REASON = 'ended by `schedule trigger --now` to start another run';

/**
 * Ends a run in which a step has failed. An attempt in progress may be writing connections, so that this waits until
 * none is, for 130 s at most. The run is terminated and not canceled: this needs no worker, and the next run does
 * everything again.
 *
 * Without a live worker only Temporal's pending activities are known. A run without any has no attempt to interrupt, so
 * it is ended as well: it may be waiting after a failure that only the run itself knows.
 * @param onWait called once when an attempt is in progress
 * @returns false when the run has ended without it, or no step of it has failed
 */
export async function endWaitingRun(client: Client, run: Run, onWait: () => void): Promise<boolean> {
  const giveUpAt = performance.now() + ATTEMPT_LIMIT_MS;
  for (let isFirst = true; ; isFirst = false) {
    const state = await readRunInProgress(client, run, new Date());
    if (!state || !isFailing(state)) return false;
    if (state.isIdle || performance.now() > giveUpAt) return terminate(client, run);
    if (isFirst) onWait();
    await delay(POLL_MS);
  }
}

/** Waits until the schedule knows that its run has ended: until then it would skip a start. */
export async function awaitNoticedEnd(handle: ScheduleHandle, runId: string): Promise<void> {
  const giveUpAt = performance.now() + NOTICE_LIMIT_MS;
  while (performance.now() < giveUpAt) {
    if (!runningRuns(await handle.describe()).some((run) => run.runId === runId)) return;
    await delay(POLL_MS);
  }
}

function isFailing({ steps, failedWorkflowTasks, progress }: RunInProgress): boolean {
  const isUnknown = progress === null && steps.length === 0;
  return isUnknown || failedWorkflowTasks > 0 || steps.some(({ failure }) => failure !== null);
}

async function terminate(client: Client, { workflowId, runId }: Run): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId, runId).terminate(END_REASON);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
