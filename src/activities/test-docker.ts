// Last step: signs in to the registry from a Docker Engine with the token that was written. Proves that the token
// signs in from there; that the connection holds it was proven by the answer to the write.
import { RefreshFailure } from '../domain/failures.js';
import type { DockerInput, DockerSignIn } from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import {
  grantedEngine,
  grantedRegion,
  targetsOf,
  type GrantedEngine,
  type TargetsSource,
} from './targets.js';
import type { TokenCache } from './token-cache.js';

/** @throws RefreshFailure ConfigVersionMismatch, InputNotGranted, and whatever DockerEngine and TokenCache throw */
export async function testDocker(
  source: TargetsSource,
  tokens: TokenCache,
  attempt: Attempt,
  input: DockerInput,
): Promise<DockerSignIn> {
  const targets = targetsOf(source, input.configHash);
  const granted = grantedEngine(targets, input.engine);
  const { engine: name, registry } = input;
  const region = grantedRegion(targets, registry);
  const version = await readVersion(granted, attempt.signal);
  if (version === null) return { engine: name, version, registry, signIn: 'none', fingerprint: null };
  const { token } = await tokens.take(attempt.runId, region, registry, attempt.signal);
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
