// Adapts the activities to a Temporal worker: each gets its attempt from Temporal's context, sends heartbeats, and ends
// shortly before Temporal's timeout.
import { Context } from '@temporalio/activity';
import type {
  DockerInput,
  DockerLogin,
  ExtractedToken,
  ExtractInput,
  InspectInput,
  Inspection,
  RefreshPlan,
  StepName,
  UpdateInput,
  UpdateOutcome,
} from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { RefreshFailure } from '../refresh/failures.js';
import { attemptTimeLeftMs, retriesTimeLeftMs, withAttemptLimit } from './attempt-deadline.js';
import type { RefreshActivities } from './index.js';

/** The activities by the names that the workflow schedules. */
export interface TemporalActivities {
  /** @param input see RefreshActivities */
  planRefresh(input?: unknown): Promise<RefreshPlan>;
  inspectConnections(input: InspectInput): Promise<Inspection>;
  extractToken(input: ExtractInput): Promise<ExtractedToken>;
  updateConnections(input: UpdateInput): Promise<UpdateOutcome>;
  testDocker(input: DockerInput): Promise<DockerLogin>;
}

export function temporalActivities(activities: RefreshActivities): TemporalActivities {
  return {
    planRefresh: (input) => inAttempt((attempt) => activities.planRefresh(attempt, input)),
    inspectConnections: (input) => inAttempt((attempt) => activities.inspectConnections(attempt, input)),
    extractToken: (input) => inAttempt((attempt) => activities.extractToken(attempt, input)),
    updateConnections: (input) => inAttempt((attempt) => activities.updateConnections(attempt, input)),
    testDocker: (input) => inAttempt((attempt) => activities.testDocker(attempt, input)),
  };
}

async function inAttempt<T>(run: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current();
  const { info } = context;
  // A standalone activity has no run that limits or reports it; only the workflow may start activities.
  if (!info.inWorkflow || !info.workflowExecution) {
    throw new RefreshFailure('InputNotAllowed', 'This activity was not started by a run of the workflow.');
  }
  const { runId } = info.workflowExecution;
  const limitMs = attemptTimeLeftMs(info, 0);
  const deadlineMs = Date.now() + retriesTimeLeftMs(info, 0);
  const stopHeartbeats = startHeartbeats(context);
  try {
    return await withAttemptLimit(
      info.activityType as StepName,
      limitMs,
      (signal) => run({ runId, deadlineMs, number: info.attempt, limitMs, signal }),
      context.cancellationSignal,
    );
  } finally {
    stopHeartbeats();
  }
}

/** Heartbeats show Temporal that the worker is alive, and deliver a cancellation. */
function startHeartbeats(context: Context): () => void {
  const { heartbeatTimeoutMs } = context.info;
  if (!heartbeatTimeoutMs) return () => undefined;
  const timer = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / 3);
  return () => clearInterval(timer);
}
