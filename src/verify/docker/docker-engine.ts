// The version of a Docker Engine, and a login to a registry from it. An engine on another machine must use TLS: the token
// would cross the network unencrypted.
import type Docker from 'dockerode';
import type { DockerEngine } from './port.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { isLoopbackHost } from '../../net/is-loopback.js';
import { ECR_USER } from '../../refresh/token.js';
import type { Secret } from '../../log/secret.js';
import { withDeadline } from '../../net/deadline.js';
import { createEngineClient, type EngineEndpoint } from './engine-client.js';
import { toEngineFailure, toUnreachable } from './engine-failure.js';
import { toLoginFailure } from './login-failure.js';

const VERSION_TIMEOUT_MS = 10_000;
/** The engine itself waits 15 s for the registry, twice: for the challenge and for the login. */
const LOGIN_TIMEOUT_MS = 35_000;

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
      const response = await withDeadline(VERSION_TIMEOUT_MS, signal, async (abortSignal) =>
        (await openDocker(target)).version({ abortSignal }),
      );
      version = response?.Version;
    } catch (error) {
      throw toEngineFailure(target, error);
    }
    if (typeof version === 'string' && /^[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}$/.test(version)) return version;
    throw toUnreachable(
      target,
      'the response is not from a Docker Engine',
      'Fix `docker.engines`: another service listens there.',
    );
  }

  async function login(registry: string, password: Secret, signal: AbortSignal): Promise<void> {
    let response: unknown;
    try {
      response = await withDeadline(LOGIN_TIMEOUT_MS, signal, async (abortSignal) => {
        // dockerode finds the signal here; the modem leaves it out of the body.
        const request = {
          username: ECR_USER,
          password: password.reveal(),
          serveraddress: registry,
          abortSignal,
        };
        return (await openDocker(target)).checkAuth(request);
      });
    } catch (error) {
      throw toLoginFailure(target, registry, error);
    }
    if (!isLoginSuccess(response)) {
      throw new RefreshFailure(
        'DockerLoginFailed',
        `${url}: no Docker Engine's answer to a sign-in to ${registry}`,
      );
    }
  }

  return { readVersion, login };
}

/** A 200 alone proves nothing: anything may listen there. A 204 has no body, and comes as no bytes. */
function isLoginSuccess(response: unknown): boolean {
  if (Buffer.isBuffer(response)) return response.length === 0;
  return (response as { Status?: unknown } | null)?.Status === 'Login Succeeded';
}

/** What is used of dockerode 5. Its types leave out the modem that it accepts, and the options of `version`. */
interface DockerClient {
  version(options: { abortSignal: AbortSignal }): Promise<{ Version?: unknown } | null>;
  checkAuth(login: object): Promise<unknown>;
}

async function openDocker(target: EngineEndpoint): Promise<DockerClient> {
  // Imported at its first use: a worker starts without it, and many runs have no engine.
  const { default: Dockerode } = await import('dockerode');
  return new Dockerode({ modem: createEngineClient(target) } as Docker.DockerOptions);
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
