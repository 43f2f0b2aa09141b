// Puts a new token of a token group, verified with its registries, into the worker's cache, and returns facts about
// it. The token itself stays in the worker.
import { DeadlineExceeded, withDeadline } from '../net/deadline.js';
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { Semaphore } from '../refresh/semaphore.js';
import type { ExtractedToken, ExtractInput, RegistryProbe } from '../refresh/activity-types.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { Attempt } from '../refresh/attempt.js';
import type { ProbedToken } from '../ecr/port.js';
import { resolveTokenGroup } from './resolve-token-group.js';
import { getAllowedConfig, type AllowedConfig } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import { toTokenInfo } from '../refresh/token-info.js';

/**
 * Registries of one group that are checked at the same time. Hundreds of registries that do not respond would exceed
 * the attempt if they were checked one by one; this many at once cost only sockets.
 */
const PROBES_AT_ONCE = 50;

/**
 * Returns the registries that have not responded within half of the attempt in `toRetry`: the next attempt joins the
 * requests in progress.
 *
 * @throws RefreshFailure ConfigVersionMismatch, InputNotAllowed, ConnectionRegistryChanged; TokenRejected or
 *   RegistryRealmForeign when no registry may receive the token (a rejection by only some is in the result); whatever
 *   RegistryResolver and TokenSource throw
 */
export async function extractToken(
  shared: Dependencies,
  attempt: Attempt,
  input: ExtractInput,
): Promise<ExtractedToken> {
  const allowed = getAllowedConfig(shared.source, input.configHash);
  const group = await commonGroup(shared, allowed, input, attempt);
  const probed = new Map<string, ProbedToken>();
  const limit = new Semaphore(PROBES_AT_ONCE);
  const takes = input.registries.map((registry) =>
    limit.run(async () => {
      const images = allowed.getImages(registry);
      probed.set(registry, await shared.tokens.take(attempt, group, registry, images));
    }),
  );
  await waitForAllOrSome(takes, attempt);
  // In the order of the input, and not in that of the responses.
  const done = input.registries.flatMap((registry) => probed.get(registry) ?? []);
  const [first] = done;
  if (!first) throw new RefreshFailure('InputNotAllowed', 'The input does not name a registry.');
  const toRetry = input.registries.filter((registry) => !probed.has(registry));
  const probes = done.map(({ probe }) => probe);
  if (toRetry.length === 0 && probes.every((probe) => probe.outcome === 'rejected')) {
    throw toCommonRejection(probes);
  }
  const outlives = shared.tokens.getOutlivesSession(group);
  return { token: toTokenInfo(first.token, allowed.schedule, probes, outlives), toRetry };
}

/** Waits for all, but not longer than half of the attempt if some are done by then. */
async function waitForAllOrSome(
  calls: readonly Promise<void>[],
  { limitMs, signal }: Attempt,
): Promise<void> {
  const all = Promise.all(calls);
  // The next attempt waits for calls that are still in progress.
  all.catch(() => undefined);
  try {
    await withDeadline(limitMs / 2, signal, () => all);
  } catch (error) {
    if (!(error instanceof DeadlineExceeded)) throw error;
    await Promise.race(calls);
  }
}

/** Returns the requested group, to which all registries must belong. */
async function commonGroup(
  shared: Dependencies,
  allowed: AllowedConfig,
  { group: name, registries }: ExtractInput,
  attempt: Attempt,
): Promise<TokenGroup> {
  let group: TokenGroup | undefined;
  for (const registry of registries) {
    group = await resolveTokenGroup(shared, allowed, registry, name, attempt);
  }
  // The input schema does not allow an empty list.
  return (
    group ?? Promise.reject(new RefreshFailure('InputNotAllowed', 'The input does not name a registry.'))
  );
}

function toCommonRejection(probes: readonly RegistryProbe[]): RefreshFailure {
  const messages = probes.map((probe) => `${probe.registry}: ${probe.message}`).slice(0, 3);
  const types = new Set<FailureType>(probes.map(({ type = 'TokenRejected' }) => type));
  const [type = 'TokenRejected'] = types;
  // The message has the reason of each registry; for several registries the remedy of the catalogue fits best.
  const remedy = probes.length === 1 ? probes[0]?.remedy : undefined;
  return new RefreshFailure(types.size === 1 ? type : 'TokenRejected', messages.join('; '), remedy);
}
