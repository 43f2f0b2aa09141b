// Finds the Docker Engine of this machine. The sandbox never starts one, and uses it only to log in.
import { request } from 'node:http';

/** An engine that responds. */
export interface FoundDockerEngine {
  /** `unix:///…/docker.sock` */
  dockerHost: string;
  /** Of the server, for example 20.10.24. */
  version: string;
}

const LOCAL_SOCKET = 'unix:///var/run/docker.sock';

/**
 * The engine at DOCKER_HOST, or at the default socket if it is unset. Returns undefined if it is not a unix socket or
 * does not respond.
 */
export async function findDockerEngine(
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundDockerEngine | undefined> {
  const dockerHost = env['DOCKER_HOST'] || LOCAL_SOCKET;
  if (!dockerHost.startsWith('unix://')) return undefined;
  const version = await engineVersion(dockerHost);
  return version === undefined ? undefined : { dockerHost, version };
}

/** The server's version; undefined when it does not respond within 5 s. */
export function engineVersion(dockerHost: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socketPath = dockerHost.slice('unix://'.length);
    const sent = request({ socketPath, path: '/version', timeout: 5_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.once('error', () => resolve(undefined));
      answer.once('end', () => {
        try {
          resolve((JSON.parse(text) as { Version?: string }).Version);
        } catch {
          resolve(undefined);
        }
      });
    });
    sent.once('timeout', () => sent.destroy(new Error('timeout')));
    sent.once('error', () => resolve(undefined));
    sent.end();
  });
}
