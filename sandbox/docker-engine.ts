// The Docker Engine of the sandbox is the one of this machine: it is found, never started, and used only to log in.
import { request } from 'node:http';

/** An engine that answers. */
export interface FoundDockerEngine {
  /** `unix:///…/docker.sock` */
  dockerHost: string;
  /** Of the server, for example 20.10.24. */
  version: string;
}

const LOCAL_SOCKET = 'unix:///var/run/docker.sock';

/** The engine at DOCKER_HOST when that is a unix socket, else at the local one; undefined when it does not answer. */
export async function findDockerEngine(
  env: NodeJS.ProcessEnv = process.env,
): Promise<FoundDockerEngine | undefined> {
  const dockerHost = env['DOCKER_HOST'] || LOCAL_SOCKET;
  if (!dockerHost.startsWith('unix://')) return undefined;
  const version = await engineVersion(dockerHost);
  return version === undefined ? undefined : { dockerHost, version };
}

/** The server's version; undefined when nothing answers there within 5 s. */
export function engineVersion(dockerHost: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socketPath = dockerHost.slice('unix://'.length);
    const asked = request({ socketPath, path: '/version', timeout: 5_000 }, (answer) => {
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
    asked.once('timeout', () => asked.destroy(new Error('timeout')));
    asked.once('error', () => resolve(undefined));
    asked.end();
  });
}
