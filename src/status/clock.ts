// Whether the clock of this machine agrees with Temporal's: a wrong one would show expired tokens as fresh, or the reverse.
// Temporal does not report its time, but the times of what has just happened there.
import type { QueueWorkers } from '../temporal/queue-workers.js';
import type { Run } from '../schedule/find-runs.js';

/** A long poll lasts a minute: the last access of a live worker is not older, and what is newer than now is no accident. */
const POLL_MS = 60_000;
const TOLERANCE_MS = 2 * 60_000;

export interface ClockEvidence {
  readonly workers: Pick<QueueWorkers, 'pollers' | 'hasAnswered'>;
  readonly runs: readonly Pick<Run, 'startedAt' | 'closedAt'>[];
}

/** Milliseconds that Temporal's clock is ahead of this machine's; 0 where they agree as far as can be seen. */
export function estimateClockOffsetMs(localNow: Date, { workers, runs }: ClockEvidence): number {
  const lastAccessMs = Math.max(...workers.pollers.map(({ lastAccessAt }) => lastAccessAt.getTime()));
  const newestMs = Math.max(
    lastAccessMs,
    ...runs.map(({ startedAt, closedAt }) => (closedAt ?? startedAt).getTime()),
  );
  const localMs = localNow.getTime();
  if (newestMs - localMs > TOLERANCE_MS) return newestMs - localMs;
  const isPolledNow = workers.hasAnswered && workers.pollers.length > 0;
  if (isPolledNow && localMs - lastAccessMs > POLL_MS + TOLERANCE_MS) return lastAccessMs - localMs;
  return 0;
}
