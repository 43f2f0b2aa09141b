// Last step: signs in to the registry from a Docker Engine with the token that was written. Proves that the token
// signs in from there; that the connection holds it was proven by the answer to the write.
import { RefreshFailure } from '../domain/failures.js';
import type { DockerInput, DockerSignIn } from '../domain/steps.js';
import { WRONG_PASSWORD } from '../domain/token.js';
import { Secret } from '../secret.js';
import type { Attempt } from './attempt.js';
import { grantedGroup } from './granted-groups.js';
import type { DockerEngine } from './ports.js';
import { grantedEngine, targetsOf, type GrantedEngine, type Shared } from './targets.js';

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
  const group = await grantedGroup(shared, targets, registry, input.group, attempt);
  const version = await readVersion(granted, attempt.signal);
  if (version instanceof RefreshFailure) {
    // What the warning says already is not said twice.
    const reason = version.message.replace(`${name}: `, '');
    return { engine: name, version: null, registry, signIn: 'none', reason, fingerprint: null };
  }
  const { token, probe } = await shared.tokens.take(attempt, targets, group, registry);
  // Docker follows a realm wherever it leads.
  if (probe.type === 'RegistryRealmForeign') {
    throw new RefreshFailure(probe.type, `${registry}: ${probe.message}`, probe.remedy);
  }
  await granted.engine.signIn(registry, token.password, attempt.signal);
  const isProven = await refusesWrongPassword(shared, granted.engine, input, attempt.signal);
  const signIn = isProven ? 'ok' : 'inconclusive';
  return { engine: name, version, registry, signIn, fingerprint: token.fingerprint };
}

/**
 * Whether a wrong password is refused where the engine stands, which may be behind another proxy or mirror than the
 * worker: seen within a day, or tried now. What cannot be tried is no ground for doubt: the next run tries again.
 */
async function refusesWrongPassword(
  { proofs }: Shared,
  engine: DockerEngine,
  { engine: name, registry }: DockerInput,
  signal: AbortSignal,
): Promise<boolean> {
  const key = JSON.stringify([name, registry]);
  if (proofs.has(key)) return true;
  try {
    await engine.signIn(registry, new Secret(WRONG_PASSWORD), signal);
    return false;
  } catch (error) {
    if (!(error instanceof RefreshFailure)) throw error;
    if (error.type === 'DockerSignInRefused') proofs.add(key);
    return true;
  }
}

/** Why it is not there, when the engine is not and nobody asked for it. */
async function readVersion(
  { engine, required }: GrantedEngine,
  signal: AbortSignal,
): Promise<string | RefreshFailure> {
  try {
    return await engine.readVersion(signal);
  } catch (error) {
    const isAbsent = error instanceof RefreshFailure && error.type === 'DockerEngineUnreachable';
    if (isAbsent && !required) return error;
    throw error;
  }
}
