// Last step: signs in to the registry from a Docker Engine with the token that was written. Proves that the token
// signs in from there; that the connection holds it was proven by the answer to the write.
import { RefreshFailure } from '../domain/failures.js';
import type { DockerInput, DockerSignIn } from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import { grantedEngine, grantedRegions, targetsOf, type GrantedEngine, type Shared } from './targets.js';

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotGranted, and whatever DockerEngine, RunRegistries and
 *   TokenCache throw
 */
export async function testDocker(
  shared: Shared,
  attempt: Attempt,
  input: DockerInput,
): Promise<DockerSignIn> {
  const targets = targetsOf(shared.source, input.configHash);
  const granted = grantedEngine(targets, input.engine);
  const { engine: name, registry } = input;
  const [region = ''] = await grantedRegions(shared, targets, [registry], attempt);
  const version = await readVersion(granted, attempt.signal);
  if (version === null) return { engine: name, version, registry, signIn: 'none', fingerprint: null };
  const { token } = await shared.tokens.take(attempt.runId, region, registry, attempt.signal);
  await granted.engine.signIn(registry, token.password, attempt.signal);
  return { engine: name, version, registry, signIn: 'ok', fingerprint: token.fingerprint };
}

/** Null when the engine is not there and nobody asked for it. */
async function readVersion({ engine, required }: GrantedEngine, signal: AbortSignal): Promise<string | null> {
  try {
    return await engine.readVersion(signal);
  } catch (error) {
    const isAbsent = error instanceof RefreshFailure && error.type === 'DockerEngineUnreachable';
    if (isAbsent && !required) return null;
    throw error;
  }
}
