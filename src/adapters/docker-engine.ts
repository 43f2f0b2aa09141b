// Owns the conversation with one Docker Engine: its version, and a sign-in to a registry from where it stands.
// Refuses engines beyond this machine: tcp:// on loopback or a unix socket, since the token travels in clear.
import Docker from 'dockerode';
import type { DockerEngine } from '../activities/ports.js';
import { RefreshFailure } from '../domain/failures.js';
import { isLoopbackHost } from '../domain/loopback.js';
import { ECR_USER } from '../domain/token.js';
import type { Secret } from '../secret.js';
import { withDeadline } from './deadline.js';
import { failureOfEngine, failureOfSignIn } from './docker-failure.js';

const VERSION_TIMEOUT_MS = 10_000;
/** The engine itself waits 15 s for the registry, twice: for the challenge and for the sign-in. */
const SIGN_IN_TIMEOUT_MS = 35_000;

/**
 * The engine behind `unix:///path` or, on loopback, `tcp://host:port`.
 * @throws RefreshFailure ConfigInvalid for any other URL
 */
export function createDockerEngine(url: string): DockerEngine {
  const options = connectionOptions(url);

  async function readVersion(signal: AbortSignal): Promise<string> {
    let version: unknown;
    try {
      const answer = await withDeadline(VERSION_TIMEOUT_MS, signal, (abortSignal) =>
        askVersion(new Docker(options), abortSignal),
      );
      version = answer.Version;
    } catch (error) {
      throw failureOfEngine(url, error);
    }
    if (typeof version === 'string' && /^[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}$/.test(version)) return version;
    throw new RefreshFailure(
      'DockerEngineUnreachable',
      `${url}: answered with something that is no Docker Engine`,
    );
  }

  async function signIn(registry: string, password: Secret, signal: AbortSignal): Promise<void> {
    let answer: unknown;
    try {
      answer = await withDeadline(SIGN_IN_TIMEOUT_MS, signal, async (abortSignal) => {
        // dockerode takes the signal out of the object before it makes a body of the rest.
        const request = {
          username: ECR_USER,
          password: password.reveal(),
          serveraddress: registry,
          abortSignal,
        };
        return (await new Docker(options).checkAuth(request)) as unknown;
      });
    } catch (error) {
      throw failureOfSignIn(url, registry, error);
    }
    if (!saysSignedIn(answer)) {
      throw new RefreshFailure(
        'DockerSignInFailed',
        `${url}: no Docker Engine's answer to a sign-in to ${registry}`,
      );
    }
  }

  return { readVersion, signIn };
}

/** The types of dockerode 5 leave out the options of `version`, which its code reads. */
interface VersionWithOptions {
  version(options: { abortSignal: AbortSignal }): Promise<{ Version?: unknown } | null>;
}

async function askVersion(docker: Docker, abortSignal: AbortSignal): Promise<{ Version?: unknown }> {
  return (await (docker as VersionWithOptions).version({ abortSignal })) ?? {};
}

/** A mere 200 proves nothing: anything may listen there. A 204 has no body, and comes as no bytes. */
function saysSignedIn(answer: unknown): boolean {
  if (Buffer.isBuffer(answer)) return answer.length === 0;
  return (answer as { Status?: unknown } | null)?.Status === 'Login Succeeded';
}

function connectionOptions(url: string): Docker.DockerOptions {
  // Named one by one: what is left out, dockerode takes from DOCKER_HOST and its companions.
  const none = { ca: undefined, cert: undefined, key: undefined, timeout: undefined, version: undefined };
  const socketPath = /^unix:\/\/(?<path>\/.+)$/.exec(url)?.groups?.['path'];
  if (socketPath) {
    return { ...none, protocol: 'http', socketPath, host: undefined, port: undefined };
  }
  const tcp = /^tcp:\/\/(?<host>[^/:[\]@?#]+|\[[0-9a-f:.]+\]):(?<port>\d{1,5})\/?$/i.exec(url)?.groups;
  if (!tcp?.['host'] || !isLoopbackHost(tcp['host'])) {
    throw new RefreshFailure(
      'ConfigInvalid',
      'docker.engines: an engine is reached by unix:///path, or by tcp://host:port on loopback',
    );
  }
  return {
    ...none,
    protocol: 'http',
    socketPath: undefined,
    host: `http://${tcp['host']}`,
    port: tcp['port'],
  };
}
