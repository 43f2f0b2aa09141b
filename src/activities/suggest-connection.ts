// Finds the docker connection that was probably meant by the id of a connection that does not exist.
import type { ConnectionProblem } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { isConnectionId } from '../refresh/connection-id.js';
import { suggestKey } from '../refresh/did-you-mean.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { AllowedStore } from './allowed-config.js';
import { callStore } from './call-store.js';

/** One page of the list. */
const MAX_ROWS = 100;
/** And at most a quarter of the attempt. */
const LIMIT_MS = 5_000;

/**
 * Adds to the message of each missing connection which one was probably meant. Sends at most one request, and none
 * when nothing is missing. When it fails, the problems are returned unchanged.
 */
export async function suggestConnections(
  store: AllowedStore,
  attempt: Attempt,
  problems: readonly ConnectionProblem[],
): Promise<readonly ConnectionProblem[]> {
  if (!problems.some(isMissing)) return problems;
  const ids = await listDockerIds(store, attempt);
  return problems.map((problem) => {
    const meant = isMissing(problem) ? suggestKey(problem.connection, ids) : undefined;
    return meant === undefined
      ? problem
      : { ...problem, message: describeMissing(store, problem.connection, meant) };
  });
}

/** @param meant the id of an existing connection, if it was probably meant */
export function describeMissing({ title }: Pick<AllowedStore, 'title'>, id: string, meant?: string): string {
  return `${title} has no connection ${id}${meant === undefined ? '.' : `; did you mean ${meant}?`}`;
}

function isMissing({ type }: ConnectionProblem): boolean {
  return type === 'ConnectionMissing';
}

/** Those that the configuration does not name already; empty when they cannot be read. */
async function listDockerIds(store: AllowedStore, attempt: Attempt): Promise<string[]> {
  const limitMs = Math.min(LIMIT_MS, attempt.limitMs / 4);
  const signal = AbortSignal.any([attempt.signal, AbortSignal.timeout(limitMs)]);
  const range = { pattern: '*', offset: 0, limit: MAX_ROWS };
  try {
    const { connections } = await callStore(
      store,
      { ...attempt, signal },
      `GET connections 1 to ${MAX_ROWS}`,
      (ended) => store.connections.readPage(range, ended),
      limitMs,
    );
    const named = new Set(store.rules.named);
    return connections
      .filter(({ id, type }) => type === 'docker' && isConnectionId(id) && !named.has(id))
      .map(({ id }) => id);
  } catch (error) {
    if (error instanceof RefreshFailure) return [];
    throw error;
  }
}
