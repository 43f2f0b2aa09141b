// Owns the conversation with one Docker Engine: its version, and a sign-in to a registry from where it stands.
// Refuses engines beyond this machine without TLS, since the token would travel in clear.
import Docker from 'dockerode';
import type { DockerEngine } from './port.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { isLoopbackHost } from '../../net/is-loopback.js';
import { ECR_USER } from '../../refresh/token.js';
import type { Secret } from '../../log/secret.js';
import { withDeadline } from '../../net/deadline.js';
import { toEngineFailure, toLoginFailure, toUnreachable } from './login-failure.js';
import { createEngineClient, type EngineEndpoint } from './engine-client.js';

const VERSION_TIMEOUT_MS = 10_000;
/** The engine itself waits 15 s for the registry, twice: for the challenge and for the sign-in. */
const SIGN_IN_TIMEOUT_MS = 35_000;

/**
 * The engine behind `unix:///path`, or behind `tcp://host:port`: on loopback, or by TLS.
 * @throws RefreshFailure ConfigInvalid for any other URL
 */
export function createDockerEngine(target: EngineEndpoint): DockerEngine {
  checkTarget(target);
  const { url } = target;

  async function readVersion(signal: AbortSignal): Promise<string> {
    let version: unknown;
    try {
      const answer = await withDeadline(VERSION_TIMEOUT_MS, signal, (abortSignal) =>
        askVersion(openDocker(target), abortSignal),
      );
      version = answer.Version;
    } catch (error) {
      throw toEngineFailure(target, error);
    }
    if (typeof version === 'string' && /^[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}$/.test(version)) return version;
    throw toUnreachable(
      target,
      'answered with something that is no Docker Engine',
      'Mend `docker.engines`: another service listens there.',
    );
  }

  async function login(registry: string, password: Secret, signal: AbortSignal): Promise<void> {
    let answer: unknown;
    try {
      answer = await withDeadline(SIGN_IN_TIMEOUT_MS, signal, async (abortSignal) => {
        // dockerode finds the signal here; the modem leaves it out of the body.
        const request = {
          username: ECR_USER,
          password: password.reveal(),
          serveraddress: registry,
          abortSignal,
        };
        return (await openDocker(target).checkAuth(request)) as unknown;
      });
    } catch (error) {
      throw toLoginFailure(target, registry, error);
    }
    if (!isLoginSuccess(answer)) {
      throw new RefreshFailure(
        'DockerLoginFailed',
        `${url}: no Docker Engine's answer to a sign-in to ${registry}`,
      );
    }
  }

  return { readVersion, login };
}

/** The types of dockerode 5 leave out the options of `version`, which its code reads. */
interface VersionWithOptions {
  version(options: { abortSignal: AbortSignal }): Promise<{ Version?: unknown } | null>;
}

async function askVersion(docker: Docker, abortSignal: AbortSignal): Promise<{ Version?: unknown }> {
  return (await (docker as VersionWithOptions).version({ abortSignal })) ?? {};
}

/** A mere 200 proves nothing: anything may listen there. A 204 has no body, and comes as no bytes. */
function isLoginSuccess(answer: unknown): boolean {
  if (Buffer.isBuffer(answer)) return answer.length === 0;
  return (answer as { Status?: unknown } | null)?.Status === 'Login Succeeded';
}

/** dockerode 5 takes a modem, of which its types do not know. */
function openDocker(target: EngineEndpoint): Docker {
  return new Docker({ modem: createEngineClient(target) } as Docker.DockerOptions);
}

function checkTarget({ url, tls }: EngineEndpoint): void {
  if (/^unix:\/\/\/.+$/.test(url) && !tls) return;
  const host = /^tcp:\/\/(?<host>[^/:[\]@?#]+|\[[0-9a-f:.]+\]):\d{1,5}\/?$/i.exec(url)?.groups?.['host'];
  if (host !== undefined && (tls || isLoopbackHost(host))) return;
  throw new RefreshFailure(
    'ConfigInvalid',
    'docker.engines: an engine is reached by unix:///path, by tcp://host:port on loopback, or by tcp:// with TLS',
  );
}
