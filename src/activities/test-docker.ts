// Last step: signs in to the registry from a Docker Engine with the token that was written. Proves that the token
// signs in from there; that the connection holds it was proven by the answer to the write.
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
  // The run limits first attempts alone: what is retried must not overload the engine either.
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
    // The warning names the engine itself.
    return { ...untested, version: null, reason: version.reason ?? version.message };
  }
  const { token, probe } = await take();
  // Docker follows a realm wherever it leads.
  const refusal = toRejection(probe);
  if (refusal?.type === 'RegistryRealmForeign') {
    throw new RefreshFailure(refusal.type, refusal.message, refusal.remedy);
  }
  if (probe.outcome === 'unreachable' && !parseEcrHost(registry))
    return { ...untested, version, reason: UNASKED };
  await allowed.engine.login(registry, token.password, signal);
  const key = JSON.stringify([engine, registry]);
  const isProven = checks.has(key) || (await rejectsWrongPassword(allowed.engine, registry, signal));
  if (isProven === 'seen') checks.add(key);
  const login = isProven ? 'ok' : 'inconclusive';
  return { engine, version, registry, login, fingerprint: token.fingerprint };
}

/** Of ECR's own hosts, which TLS proves, no realm but their own is to be feared. */
const UNASKED =
  'the worker could not ask the registry where it has passwords sent, and Docker would send it there';

/**
 * Whether a wrong password is refused where the engine stands, which may be behind another proxy or mirror than the
 * worker: seen, or `unknown` when it could not be tried. That is no ground for doubt: the next run tries again.
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

/** Why it is not there, when the engine is not and nobody asked for it. */
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
