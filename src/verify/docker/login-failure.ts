// What a failed login from a Docker Engine means: the engine is not there, it cannot reach the registry, or the registry
// rejects the token.
import { RefreshFailure } from '../../refresh/failures.js';
import { findRejection, PRINCIPAL_DENIED } from '../registry/rejection.js';
import { StatusError, type EngineEndpoint } from './engine-client.js';
import { toEngineFailure } from './engine-failure.js';
import { parseMobyText } from './moby-texts.js';

export function toLoginFailure(target: EngineEndpoint, registry: string, error: unknown): RefreshFailure {
  if (!(error instanceof StatusError)) return toEngineFailure(target, error);
  const { status, text } = error;
  const where = `${target.url}: sign-in to ${registry}`;
  if (status === 401) return toRejected(registry, where, status, text);
  if (status < 500) {
    return new RefreshFailure(
      'DockerLoginFailed',
      `${where}: the engine answered ${status}`,
      'Check for a proxy in front of the socket of the engine that forbids POST /auth.',
    );
  }
  const problem = parseMobyText(text);
  if (problem?.outcome === 'rejected') return toRejected(registry, where, problem.status, text);
  return new RefreshFailure(
    'DockerLoginFailed',
    `${where}: ${problem?.words ?? `the engine failed (${status})`}`,
  );
}

/** With the reason that the worker's own check gives, and its remedy where it has one. */
function toRejected(
  registry: string,
  where: string,
  status: number | undefined,
  text: string,
): RefreshFailure {
  const rejection = findRejection(registry, status ?? 403, text);
  // moby leaves most of a 403 out, and with it the text that distinguishes an expired token from a denied principal.
  const words =
    status === 403 && rejection === PRINCIPAL_DENIED
      ? 'the registry takes the token for expired, or does not admit its principal'
      : rejection.words;
  const message = `${where}: ${status === undefined ? '' : `${status}: `}${words}`;
  return new RefreshFailure('DockerLoginRejected', message, rejection.remedy);
}
