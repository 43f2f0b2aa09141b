// Third step: has a fresh token of a token group in the worker's cache, shown to its registries, and answers facts
// about it. The token itself stays in the worker.
import { RefreshFailure } from '../domain/failures.js';
import { tokenGroup } from '../domain/registry-host.js';
import type { ExtractInput, TokenFacts } from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import { DEFAULT_PRINCIPAL, grantedRegion, targetsOf, type TargetsSource } from './targets.js';
import { tokenFacts, type TokenCache } from './token-cache.js';

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotGranted; RegistryRefusedToken when every registry refuses
 *   the token (a refusal by some is in the answer); and whatever TokenCache throws
 */
export async function extractToken(
  source: TargetsSource,
  tokens: TokenCache,
  attempt: Attempt,
  input: ExtractInput,
): Promise<TokenFacts> {
  const targets = targetsOf(source, input.configHash);
  const regions = new Set(input.registries.map((registry) => grantedRegion(targets, registry)));
  const [region] = regions;
  if (region === undefined || regions.size !== 1 || tokenGroup(DEFAULT_PRINCIPAL, region) !== input.group) {
    throw new RefreshFailure('InputNotGranted', 'The registries asked for do not form this token group.');
  }
  const probed = await Promise.all(
    input.registries.map((registry) => tokens.take(attempt.runId, region, registry, attempt.signal)),
  );
  const [first] = probed;
  const probes = probed.map(({ probe }) => probe);
  if (!first || probes.every((probe) => probe.outcome === 'refused')) {
    const answers = probes.map((probe) => `${probe.registry}: ${probe.message}`).slice(0, 3);
    throw new RefreshFailure('RegistryRefusedToken', answers.join('; '));
  }
  return tokenFacts(first.token, probes);
}
