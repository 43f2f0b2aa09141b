// Third step: has a fresh token of a token group in the worker's cache, shown to its registries, and answers facts
// about it. The token itself stays in the worker.
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { Semaphore } from '../refresh/semaphore.js';
import type { ExtractInput, RegistryProbe, TokenInfo } from '../refresh/activity-types.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { Attempt } from '../refresh/attempt.js';
import { resolveTokenGroup } from './resolve-token-group.js';
import { getAllowedConfig, type AllowedConfig } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import { toTokenInfo } from '../refresh/token-info.js';

/**
 * Registries of one group that are asked side by side. Some hundreds in a row would outlast the attempt when they do not
 * answer; so many at once are sockets, and no more.
 */
const PROBES_AT_ONCE = 50;

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotAllowed, ConnectionRegistryChanged; TokenRejected or
 *   RegistryRealmForeign when no registry may have the token (a refusal by some is in the answer); whatever RegistryResolver
 *   and TokenCache throw
 */
export async function extractToken(
  shared: Dependencies,
  attempt: Attempt,
  input: ExtractInput,
): Promise<TokenInfo> {
  const allowed = getAllowedConfig(shared.source, input.configHash);
  const group = await commonGroup(shared, allowed, input, attempt);
  const limit = new Semaphore(PROBES_AT_ONCE);
  const probed = await Promise.all(
    input.registries.map((registry) =>
      limit.run(() => shared.tokens.take(attempt, group, registry, allowed.getImages(registry))),
    ),
  );
  const [first] = probed;
  const probes = probed.map(({ probe }) => probe);
  if (!first || probes.every((probe) => probe.outcome === 'rejected')) throw toCommonRejection(probes);
  return toTokenInfo(first.token, allowed.schedule, probes);
}

/** All registries must be of the group that was asked for. */
async function commonGroup(
  shared: Dependencies,
  allowed: AllowedConfig,
  { group: name, registries }: ExtractInput,
  attempt: Attempt,
): Promise<TokenGroup> {
  let group: TokenGroup | undefined;
  for (const registry of registries) {
    try {
      group = await resolveTokenGroup(shared, allowed, registry, name, attempt);
    } catch (error) {
      throw isNotAllowed(error) && isByVariable(allowed, registry) ? variableChanged() : error;
    }
  }
  // The form of the input is checked: the list is not empty.
  return group ?? Promise.reject(new RefreshFailure('InputNotAllowed', 'No registry was asked for.'));
}

function toCommonRejection(probes: readonly RegistryProbe[]): RefreshFailure {
  const answers = probes.map((probe) => `${probe.registry}: ${probe.message}`).slice(0, 3);
  const types = new Set<FailureType>(probes.map(({ type = 'TokenRejected' }) => type));
  const [type = 'TokenRejected'] = types;
  // With several reasons each registry's own is in the message, and the remedy of the catalogue fits best.
  const remedy = probes.length === 1 ? probes[0]?.remedy : undefined;
  return new RefreshFailure(types.size === 1 ? type : 'TokenRejected', answers.join('; '), remedy);
}

function isNotAllowed(error: unknown): boolean {
  return error instanceof RefreshFailure && error.type === 'InputNotAllowed';
}

/** Where an Airflow Variable says the region, another worker may have read another value than this one. */
function isByVariable({ registries }: AllowedConfig, host: string): boolean {
  return registries.some(({ registryHost, region }) => registryHost === host && typeof region !== 'string');
}

function variableChanged(): RefreshFailure {
  return new RefreshFailure(
    'ConnectionRegistryChanged',
    'The Airflow Variable of its region has another value now.',
  );
}
