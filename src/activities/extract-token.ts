// Third step: has a fresh token of a token group in the worker's cache, shown to its registries, and answers facts
// about it. The token itself stays in the worker.
import { RefreshFailure } from '../domain/failures.js';
import { tokenGroup } from '../domain/registry-host.js';
import type { ExtractInput, TokenFacts } from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import { DEFAULT_PRINCIPAL, grantedRegions, targetsOf, type Shared, type Targets } from './targets.js';
import { tokenFacts } from './token-cache.js';

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotGranted, ConnectionRegistryChanged; RegistryRefusedToken when
 *   every registry refuses the token (a refusal by some is in the answer); whatever RunRegistries and TokenCache throw
 */
export async function extractToken(
  shared: Shared,
  attempt: Attempt,
  input: ExtractInput,
): Promise<TokenFacts> {
  const { source, tokens } = shared;
  const targets = targetsOf(source, input.configHash);
  const regions = new Set(await grantedRegions(shared, targets, input.registries, attempt));
  const [region] = regions;
  if (region === undefined || regions.size !== 1 || tokenGroup(DEFAULT_PRINCIPAL, region) !== input.group) {
    throw notThisGroup(targets, input.registries);
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

/** Where an Airflow Variable says the region, another worker may have read another value than this one. */
function notThisGroup(targets: Targets, hosts: readonly string[]): RefreshFailure {
  const isByVariable = targets.registries.some(
    ({ registryHost = '', region }) => hosts.includes(registryHost) && typeof region !== 'string',
  );
  return isByVariable
    ? new RefreshFailure(
        'ConnectionRegistryChanged',
        'The Airflow Variable of its region has another value now.',
      )
    : new RefreshFailure('InputNotGranted', 'The registries asked for do not form this token group.');
}
