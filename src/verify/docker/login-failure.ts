// Classifies a failed login from a Docker Engine: no engine responds, it cannot reach the registry, or the registry
// rejects the token.
import { RefreshFailure } from '../../refresh/failures.js';
import { DOCKER_REMEDIES } from '../../refresh/remedies/docker.js';
import { findRejection, PRINCIPAL_DENIED } from '../registry/rejection.js';
import { StatusError, type EngineEndpoint } from './engine-client.js';
import { toEngineFailure } from './engine-failure.js';
import { parseMobyText } from './moby-texts.js';

export function toLoginFailure(target: EngineEndpoint, registry: string, error: unknown): RefreshFailure {
  if (!(error instanceof StatusError)) return toEngineFailure(target, error);
  const { status, text } = error;
  const where = `${target.url}: login to ${registry}`;
  // An engine always states the reason of an error. Another 401 comes from something in front of it.
  if (status === 401 && text !== '') return toRejected(registry, where, status, text);
  const problem = parseMobyText(text);
  if (problem?.outcome === 'rejected') return toRejected(registry, where, problem.status, text);
  if (status < 500 && !problem) {
    return new RefreshFailure(
      'DockerLoginFailed',
      `${where}: the engine, or a proxy in front of it, returned HTTP ${status}`,
      DOCKER_REMEDIES.checkLoginProxy,
    );
  }
  return new RefreshFailure(
    'DockerLoginFailed',
    `${where}: ${problem?.words ?? `the engine, or a proxy in front of it, returned HTTP ${status}`}`,
  );
}

/** Uses the reasons and remedies of the worker's own registry check. */
function toRejected(
  registry: string,
  where: string,
  status: number | undefined,
  text: string,
): RefreshFailure {
  const rejection = findRejection(registry, status ?? 403, text);
  // moby omits most of a 403, including the text that distinguishes an expired token from a denied principal.
  const words =
    status === 403 && rejection === PRINCIPAL_DENIED
      ? 'the registry considers the token expired or denies the principal'
      : rejection.words;
  const message = `${where}: ${status === undefined ? '' : `${status}: `}${words}`;
  return new RefreshFailure('DockerLoginRejected', message, rejection.remedy);
}
