// Checks whether Temporal lets the worker work: at the start, and while polls fail. Uses the client of the commands, so
// that the same fault has the same code and text in both: the native client reports texts only, and each of its failed
// connections keeps some open files.
import { status } from '@grpc/grpc-js';
import type { Client } from '@temporalio/client';
import { classifyError } from '../classify-error.js';
import { connectClient } from '../connection.js';
import { findGrpcStatus } from '../grpc-status.js';
import type { TemporalSettings } from '../settings/settings.js';
import { formatTemporal, TemporalUnavailable } from '../unavailable.js';

const CALL_LIMIT_MS = 5_000;
/** A poll that is allowed waits for a task. Temporal rejects one with a time limit below 2 s, so that it is cancelled. */
const POLL_MS = 2_000;

/**
 * Whether a worker can start.
 * @returns why Temporal does not describe the namespace, if polls are allowed anyway; undefined if it does
 * @throws TemporalUnavailable if not
 */
export async function checkAccess(
  settings: TemporalSettings,
  taskQueue: string,
): Promise<TemporalUnavailable | undefined> {
  return withClient(settings, async (client) => {
    // The native client makes this call when it connects, and some servers do not know it.
    const problem = await findCallProblem(settings, client, () => client.workflowService.getSystemInfo({}));
    if (problem && problem.code !== 'unimplemented') throw problem;
    const undescribed = await findNamespaceProblem(settings, client);
    if (!undescribed) return undefined;
    if (undescribed.code === 'namespace-not-found') throw undescribed;
    const pollProblem = await findPollProblem(settings, client, taskQueue);
    if (pollProblem) throw pollProblem;
    return undescribed;
  });
}

/** Why polls fail, or have ended a worker. Undefined if they are allowed now. */
export async function findProblem(
  settings: TemporalSettings,
  taskQueue: string,
): Promise<TemporalUnavailable | undefined> {
  try {
    return await withClient(settings, async (client) => {
      const { workflowService } = client;
      const problem = await findCallProblem(settings, client, () => workflowService.getSystemInfo({}));
      // A server or proxy may deny this call. Only its time-out counts: polls that wait time out as well.
      if (problem?.code === 'call-timed-out') return problem;
      return await findPollProblem(settings, client, taskQueue);
    });
  } catch (error) {
    if (error instanceof TemporalUnavailable) return error;
    throw error;
  }
}

async function withClient<T>(settings: TemporalSettings, call: (client: Client) => Promise<T>): Promise<T> {
  const { client, close } = await connectClient(settings, 0);
  try {
    return await call(client);
  } finally {
    await close();
  }
}

async function findNamespaceProblem(
  settings: TemporalSettings,
  client: Client,
): Promise<TemporalUnavailable | undefined> {
  const { namespace } = settings;
  return findCallProblem(settings, client, () => client.workflowService.describeNamespace({ namespace }));
}

/** Polls a task queue of its own, so that it takes no task. */
async function findPollProblem(
  settings: TemporalSettings,
  client: Client,
  taskQueue: string,
): Promise<TemporalUnavailable | undefined> {
  const request = { namespace: settings.namespace, taskQueue: { name: `${taskQueue}-check` } };
  const { workflowService } = client;
  const polls: readonly (() => Promise<unknown>)[] = [
    () => workflowService.pollWorkflowTaskQueue(request),
    () => workflowService.pollActivityTaskQueue(request),
  ];
  const problems = polls.map((poll) =>
    findCallProblem(settings, client, () => client.withAbortSignal(AbortSignal.timeout(POLL_MS), poll)),
  );
  return (await Promise.all(problems)).find((problem) => problem && problem.code !== 'call-timed-out');
}

/** Of a call that names the namespace and nothing else that may be missing. */
async function findCallProblem(
  settings: TemporalSettings,
  client: Client,
  call: () => Promise<unknown>,
): Promise<TemporalUnavailable | undefined> {
  try {
    await client.withDeadline(Date.now() + CALL_LIMIT_MS, call);
    return undefined;
  } catch (error) {
    if (findGrpcStatus(error) === status.NOT_FOUND) {
      return new TemporalUnavailable(
        'namespace-not-found',
        `${formatTemporal(settings)}: namespace not found`,
      );
    }
    const problem = classifyError(settings, error);
    if (!problem) throw error;
    return problem;
  }
}
