// Last step: logs in to the registry from a Docker Engine with the token that was written. Proves that the login
// works from there; the response to the write has proved that the connection contains the token.
import { RefreshFailure } from '../refresh/failures.js';
import { parseEcrHost } from '../refresh/registry-host.js';
import { toRejection } from '../refresh/registry-probe.js';
import type { DockerInput, DockerLogin } from '../refresh/activity-types.js';
import { WRONG_PASSWORD } from '../refresh/token.js';
import { Secret } from '../log/secret.js';
import type { Attempt } from '../refresh/attempt.js';
import type { NegativeChecks } from '../verify/registry/port.js';
import { resolveTokenGroup } from './resolve-token-group.js';
import type { DockerEngine } from '../verify/docker/port.js';
import { getAllowedEngine, getAllowedConfig, type AllowedEngine } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import type { ProbedToken } from '../ecr/port.js';

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotAllowed, and whatever DockerEngine, RegistryResolver and
 *   TokenCache throw
 */
export async function testDocker(
  shared: Dependencies,
  attempt: Attempt,
  input: DockerInput,
): Promise<DockerLogin> {
  const allowed = getAllowedConfig(shared.source, input.configHash);
  const engine = getAllowedEngine(allowed, input.engine);
  const group = await resolveTokenGroup(shared, allowed, input.registry, input.group, attempt);
  const take = (): Promise<ProbedToken> =>
    shared.tokens.take(attempt, group, input.registry, allowed.getImages(input.registry));
  // The run limits only first attempts; retries must not overload the engine either.
  return engine.logins.run(
    () => testFrom(engine, shared.negativeChecks, input, take, attempt.signal),
    attempt.signal,
  );
}

async function testFrom(
  allowed: AllowedEngine,
  checks: NegativeChecks,
  { engine, registry }: DockerInput,
  take: () => Promise<ProbedToken>,
  signal: AbortSignal,
): Promise<DockerLogin> {
  const untested = { engine, registry, login: 'none', fingerprint: null } as const;
  const version = await readVersion(allowed, signal);
  if (version instanceof RefreshFailure) {
    // The warning already names the engine.
    const reason = version.reason ?? version.message;
    return { ...untested, version: null, reason, ...(allowed.isDefault ? { isDefault: true } : {}) };
  }
  const { token, probe } = await take();
  // Docker sends the token to the realm, whatever its host.
  const rejection = toRejection(probe);
  if (rejection?.type === 'RegistryRealmForeign') {
    throw new RefreshFailure(rejection.type, rejection.message, rejection.remedy);
  }
  if (probe.outcome === 'unreachable' && !parseEcrHost(registry))
    return { ...untested, version, reason: REALM_NOT_CHECKED };
  await allowed.engine.login(registry, token.password, signal);
  const key = JSON.stringify([engine, registry]);
  const isProven = checks.has(key) || (await rejectsWrongPassword(allowed.engine, registry, signal));
  if (isProven === 'seen') checks.add(key);
  const login = isProven ? 'ok' : 'inconclusive';
  return { engine, version, registry, login, fingerprint: token.fingerprint };
}

/** Not used for ECR's hosts: TLS authenticates them, and their realm is their own host. */
const REALM_NOT_CHECKED =
  'the worker could not check the auth realm of the registry, to which Docker would send the token';

/**
 * Negative login check from the engine, which may be behind another proxy or mirror than the worker: `seen` when a
 * wrong password is rejected, `unknown` when the check could not run. The latter is not reported: the next run checks
 * again.
 */
async function rejectsWrongPassword(
  engine: DockerEngine,
  registry: string,
  signal: AbortSignal,
): Promise<'seen' | 'unknown' | false> {
  try {
    await engine.login(registry, new Secret(WRONG_PASSWORD), signal);
    return false;
  } catch (error) {
    if (!(error instanceof RefreshFailure)) throw error;
    return error.type === 'DockerLoginRejected' ? 'seen' : 'unknown';
  }
}

/** The version, or the failure when the engine cannot be reached and is not required. */
async function readVersion(
  { engine, required }: AllowedEngine,
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
