// The context of the Docker CLI: Docker Desktop, colima, OrbStack, rootless Docker and Podman set one instead of
// DOCKER_HOST. docker-py, and so Airflow's DockerOperator, ignores it, and so does the worker, which only names it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const CONFIG = z.object({ currentContext: z.string() });
const META = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string() }) }) });
/** The syntax of the Docker CLI. */
const NAME = /^[A-Za-z0-9][\w.+-]{0,99}$/;
/** Without a user name, and without what would not be visible. */
const ENDPOINT = /^[\w:/.[\]-]{1,200}$/;

export interface DockerContext {
  readonly name: string;
  /** Such as `unix:///run/user/1000/docker.sock`; undefined if it cannot be read or shown. */
  readonly endpoint: string | undefined;
}

/** The context in use without DOCKER_HOST, if it is not the default one. Files that cannot be read are ignored. */
export function findDockerContext(env: NodeJS.ProcessEnv): DockerContext | undefined {
  const folder = env['DOCKER_CONFIG'] || join(env['HOME'] || '/', '.docker');
  const name =
    env['DOCKER_CONTEXT'] || readJson(join(folder, 'config.json'), CONFIG)?.currentContext || 'default';
  if (name === 'default' || !NAME.test(name)) return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const host = readJson(join(folder, 'contexts', 'meta', id, 'meta.json'), META)?.Endpoints.docker.Host;
  return { name, endpoint: host !== undefined && ENDPOINT.test(host) ? host : undefined };
}

function readJson<Shape extends z.ZodType>(path: string, shape: Shape): z.output<Shape> | undefined {
  try {
    return shape.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
