// Reads the version of a Docker Engine, and logs in to a registry from it. An engine on another machine must use TLS,
// so that the token is encrypted,
// unless the configuration allows plain TCP.
import type Docker from 'dockerode';
import type { DockerEngine } from './port.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { DOCKER_REMEDIES } from '../../refresh/remedies/docker.js';
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
 * Accepts `unix:///path`, and `tcp://host:port` on loopback, over TLS or with `allowInsecureTcp`.
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
    throw toUnreachable(target, 'the response is not from a Docker Engine', DOCKER_REMEDIES.fixService);
  }

  async function login(registry: string, password: Secret, signal: AbortSignal): Promise<void> {
    let response: unknown;
    try {
      response = await withDeadline(LOGIN_TIMEOUT_MS, signal, async (abortSignal) => {
        // dockerode reads the signal from here; the modem removes it from the body.
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
        `${url}: login to ${registry}: the response is not from a Docker Engine`,
      );
    }
  }

  return { readVersion, login };
}

/** A status of 200 alone proves nothing: any service can return it. A 204 has an empty body. */
function isLoginSuccess(response: unknown): boolean {
  if (Buffer.isBuffer(response)) return response.length === 0;
  return (response as { Status?: unknown } | null)?.Status === 'Login Succeeded';
}

/** The part of dockerode 5 used here. Its types omit the `modem` option and the options of `version`. */
interface DockerClient {
  version(options: { abortSignal: AbortSignal }): Promise<{ Version?: unknown } | null>;
  checkAuth(login: object): Promise<unknown>;
}

async function openDocker(target: EngineEndpoint): Promise<DockerClient> {
  // Imported on first use: many runs have no engine.
  const { default: Dockerode } = await import('dockerode');
  return new Dockerode({ modem: createEngineClient(target) } as Docker.DockerOptions);
}

function checkTarget({ url, tls, allowInsecureTcp }: EngineEndpoint): void {
  if (/^unix:\/\/\/.+$/.test(url) && !tls) return;
  const host = /^tcp:\/\/(?<host>[^/:[\]@?#]+|\[[0-9a-f:.]+\]):\d{1,5}\/?$/i.exec(url)?.groups?.['host'];
  if (host !== undefined && (tls || allowInsecureTcp || isLoopbackHost(host))) return;
  throw new RefreshFailure(
    'ConfigInvalid',
    'docker.engines: must be unix:///path, tcp://host:port on loopback, or tcp:// with TLS or allowInsecureTcp',
  );
}
