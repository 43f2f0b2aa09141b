import { formatDuration } from '../refresh/schedule-margins.js';
import {
  findQueueProblems,
  isRecent,
  isTakenByVersion,
  type QueuePoller,
  type QueueWorkers,
} from '../temporal/queue-workers.js';
import { parseIdentity } from '../temporal/worker-identity.js';
import { ok, skipped, warning, type Check } from './check.js';

/**
 * Whether runs find a worker, and one check for each worker that Temporal has seen lately.
 * @param hash of the configuration in the file
 */
export function workerChecks(workers: QueueWorkers, hash: string, now: Date): Check[] {
  const queue = { id: 'task-queue', target: `task queue ${workers.taskQueue}` } as const;
  const live = { id: 'workers', target: `workers of ${queue.target}` } as const;
  const isTaken = isTakenByVersion(workers);
  const [problem] = findQueueProblems(workers).map(({ message, remedy }): Check => {
    return { ...(isTaken ? queue : live), outcome: 'failed', message, remedy };
  });
  return [
    isTaken && problem ? problem : ok(queue, describeVersion(workers)),
    isTaken
      ? skipped(live, 'only workers of the current version get tasks')
      : (problem ?? ok(live, describeLiveWorkers(workers))),
    ...workers.pollers.map((poller) => workerCheck(poller, hash, now)),
  ];
}

function describeLiveWorkers({ hasAnswered }: QueueWorkers): string {
  return hasAnswered ? 'a worker is running and responds' : 'a worker was seen in the last 2 min';
}

function describeVersion({ currentVersion }: QueueWorkers): string {
  return currentVersion === null
    ? 'has no current version'
    : `a worker has its current version ${currentVersion}`;
}

function workerCheck(poller: QueuePoller, hash: string, now: Date): Check {
  const subject = { id: 'worker', target: `worker ${poller.identity}` } as const;
  // The clocks of Temporal and of this machine may differ.
  const agoMs = Math.max(0, now.getTime() - poller.lastAccessAt.getTime());
  const seen = `last seen ${formatDuration(agoMs)} ago${isRecent(poller, now) ? '' : ', probably stopped'}`;
  const identity = parseIdentity(poller.identity);
  if (!identity) {
    return warning(
      subject,
      `${seen}; is not a worker of airflow-ecr-refresh, and fails the tasks of runs that it takes`,
      'Stop it, or set another `temporal.taskQueue`, which only workers of airflow-ecr-refresh use.',
    );
  }
  const { configHash } = identity;
  if (configHash === null) return ok(subject, seen);
  const compared =
    configHash === hash
      ? `${configHash}, the same as in the file`
      : `${configHash}; the file has ${hash}, which the next run reads`;
  return ok(subject, `${seen}; started with configuration ${compared}`);
}
