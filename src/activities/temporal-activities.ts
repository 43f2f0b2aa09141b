// Owns the way from Temporal to an activity: makes its attempt from Temporal's context, keeps heartbeats going, and
// ends it shortly before Temporal would. Refuses activities that no workflow started.
import { Context } from '@temporalio/activity';
import { RefreshFailure } from '../refresh/failures.js';
import type { RefreshSteps, StepName } from '../refresh/activity-types.js';
import { attemptTimeLeftMs, retriesTimeLeftMs, withAttemptLimit } from './attempt-deadline.js';
import type { Attempt } from '../refresh/attempt.js';
import type { RefreshActivities } from './index.js';

/** The activities as a Temporal worker takes them. */
export function temporalActivities(activities: RefreshActivities): RefreshSteps {
  return {
    planRefresh: () => inAttempt((attempt) => activities.planRefresh(attempt)),
    inspectConnections: (input) => inAttempt((attempt) => activities.inspectConnections(attempt, input)),
    extractToken: (input) => inAttempt((attempt) => activities.extractToken(attempt, input)),
    updateConnections: (input) => inAttempt((attempt) => activities.updateConnections(attempt, input)),
    testDocker: (input) => inAttempt((attempt) => activities.testDocker(attempt, input)),
  };
}

async function inAttempt<T>(run: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current();
  const { info } = context;
  // A standalone activity has no run, so nothing bounds or reports it; only the workflow may ask.
  if (!info.inWorkflow || !info.workflowExecution) {
    throw new RefreshFailure('InputNotAllowed', 'This activity was not started by a run of the workflow.');
  }
  const { runId } = info.workflowExecution;
  const heartbeats = startHeartbeats(context);
  try {
    return await withAttemptLimit(
      info.activityType as StepName,
      attemptTimeLeftMs(info, 0),
      (signal) =>
        run({
          runId,
          deadlineMs: Date.now() + retriesTimeLeftMs(info, 0),
          number: info.attempt,
          signal,
          noted: info.heartbeatDetails as unknown,
          note: heartbeats.note,
        }),
      context.cancellationSignal,
    );
  } finally {
    heartbeats.stop();
  }
}

/**
 * Tells Temporal that the worker lives; it also is the way in which a cancellation arrives. Each heartbeat carries
 * what was noted last, since Temporal keeps the last one alone: what an earlier attempt noted stays until then.
 */
function startHeartbeats(context: Context): { note(progress: object): void; stop(): void } {
  const { heartbeatTimeoutMs, heartbeatDetails } = context.info;
  if (!heartbeatTimeoutMs) return { note: () => undefined, stop: () => undefined };
  let noted: unknown = heartbeatDetails;
  const beat = (): void => context.heartbeat(noted);
  const timer = setInterval(beat, heartbeatTimeoutMs / 3);
  return {
    note(progress) {
      noted = progress;
      beat();
    },
    stop: () => clearInterval(timer),
  };
}
