// Which workers serve a task queue, and whether one of them is alive. Temporal lists pollers for minutes after their worker
// has died; a query to a closed run is answered only by a worker that is alive.
// Tried with server 1.32.
import { status } from '@grpc/grpc-js';
import type { Client } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { formatTime } from '../refresh/format-time.js';
import type { Problem } from '../refresh/problem.js';
import { findGrpcStatus } from './grpc-status.js';
import { parseIdentity } from './worker-identity.js';

/** A live worker answers within 0.1 s; without one the server waits for as long as it may. */
const QUERY_LIMIT_MS = 5_000;
/** A healthy poller was seen within the last minute, since one long poll lasts so long. */
const POLLER_LIMIT_MS = 2 * 60_000;

/** What a query to a run that a worker once took ends with when no worker is alive. */
const NOT_ANSWERED: ReadonlySet<status> = new Set([status.DEADLINE_EXCEEDED, status.FAILED_PRECONDITION]);

const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

export interface QueuePoller {
  readonly identity: string;
  readonly lastAccessAt: Date;
  /** `<deployment>/<build>` of a versioned worker, else null. */
  readonly version: string | null;
}

export interface QueueWorkers {
  readonly taskQueue: string;
  readonly isAlive: boolean;
  /** A worker has just answered, so that one is alive whatever this machine's clock says. */
  readonly hasAnswered: boolean;
  /** Those that Temporal has seen lately, the newest first; dead ones stay for minutes. */
  readonly pollers: readonly QueuePoller[];
  /** `<deployment>/<build>` that gets the tasks of a versioned queue, else null. */
  readonly currentVersion: string | null;
}

/** A run that has ended, for asking whether a worker is alive. */
export interface EndedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
}

/** @param ended a closed run that a worker of this queue has taken, where there is one */
export async function readQueueWorkers(
  client: Client,
  taskQueue: string,
  ended: EndedRun | undefined,
): Promise<QueueWorkers> {
  const [{ pollers, versioningInfo }, answered] = await Promise.all([
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
    }),
    ended?.taskQueue === taskQueue ? isAnswered(client, ended) : undefined,
  ]);
  const listed = pollers
    .map(({ identity, lastAccessTime, deploymentOptions }) => ({
      identity: identity ?? '',
      lastAccessAt: optionalTsToDate(lastAccessTime) ?? new Date(0),
      version: toVersion(deploymentOptions),
    }))
    .sort((a, b) => b.lastAccessAt.getTime() - a.lastAccessAt.getTime());
  const current = versioningInfo?.currentDeploymentVersion;
  return {
    taskQueue,
    isAlive: answered ?? listed.some((poller) => isOurs(poller) && isRecent(poller, new Date())),
    hasAnswered: answered === true,
    pollers: listed,
    currentVersion: toVersion(current),
  };
}

export function isRecent({ lastAccessAt }: QueuePoller, now: Date): boolean {
  return now.getTime() - lastAccessAt.getTime() < POLLER_LIMIT_MS;
}

/** Whether the current version of the queue is that of another deployment, so that our workers get no tasks. */
export function isTakenByVersion({ currentVersion, pollers }: QueueWorkers): boolean {
  if (currentVersion === null) return false;
  return !pollers.some((poller) => isOurs(poller) && poller.version === currentVersion);
}

function isOurs({ identity }: QueuePoller): boolean {
  return parseIdentity(identity) !== undefined;
}

/**
 * What keeps runs from being worked on. Each id stays the same in later versions.
 * @param waitingSince since when a run waits for a worker, in ISO 8601
 */
export function findQueueProblems(workers: QueueWorkers, waitingSince?: string | null): Problem[] {
  const { taskQueue, currentVersion, isAlive } = workers;
  const target = `task queue ${taskQueue}`;
  if (isTakenByVersion(workers)) {
    const deployment = currentVersion?.slice(0, currentVersion.lastIndexOf('/'));
    return [
      {
        id: 'queue-versioned',
        target,
        message: `has the current version ${currentVersion}; ${describeOurVersions(workers)}, so no worker takes the runs`,
        remedy:
          'Use another task queue, or remove the version: `temporal worker deployment set-current-version ' +
          `--deployment-name ${deployment} --unversioned\`.`,
      },
    ];
  }
  if (isAlive) return [];
  const waits = waitingSince ? `; a run has been waiting for one since ${formatTime(waitingSince)}` : '';
  return [
    {
      id: 'no-worker',
      target,
      message: `no worker is running${waits}`,
      remedy: 'Start a worker, and check that its configuration names this task queue.',
    },
  ];
}

function describeOurVersions({ pollers }: QueueWorkers): string {
  const ours = pollers.filter(isOurs);
  const versions = [...new Set(ours.flatMap(({ version }) => version ?? []))];
  if (ours.length === 0) return 'no worker of airflow-ecr-refresh has it';
  return `the workers of airflow-ecr-refresh have ${versions.length === 0 ? 'no version' : `version ${versions.join(', ')}`}`;
}

function toVersion(
  version: { deploymentName?: string | null; buildId?: string | null } | null | undefined,
): string | null {
  return version?.buildId ? `${version.deploymentName ?? ''}/${version.buildId}` : null;
}

/**
 * Undefined where the error says nothing about our workers: a worker of someone else may have answered, or the run may be
 * gone. Their last polls decide then.
 */
async function isAnswered(client: Client, { workflowId, runId }: EndedRun): Promise<boolean | undefined> {
  try {
    await client.withDeadline(Date.now() + QUERY_LIMIT_MS, () =>
      client.workflow.getHandle(workflowId, runId).query('__temporal_workflow_metadata'),
    );
    return true;
  } catch (error) {
    const code = findGrpcStatus(error);
    return code !== undefined && NOT_ANSWERED.has(code) ? false : undefined;
  }
}
