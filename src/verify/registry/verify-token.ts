// Verifies tokens with their registries, and once a day whether those would reject a wrong one.
import type { Secret } from '../../log/secret.js';
import type { RegistryProbe } from '../../refresh/activity-types.js';
import type { NegativeChecks, RegistryVerifier } from './port.js';

/** A verifier that remembers in `checks` which registries were seen to reject a wrong password. */
export function createTokenVerifier(verifier: RegistryVerifier, checks: NegativeChecks) {
  return async (
    registry: string,
    password: Secret,
    images: readonly string[],
    signal: AbortSignal,
  ): Promise<RegistryProbe> => {
    const options = { wrongPassword: !checks.has(registry), images };
    const { probe, rejectsWrongPassword } = await verifier.probe(registry, password, options, signal);
    if (rejectsWrongPassword) checks.add(registry);
    return probe;
  };
}
