// Owns the check whether Docker's configuration of this user would override a connection, or stop its tasks. That
// of another user or machine cannot be seen from here. Refuses to run a credential helper, and to show what it reads.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ok, warning, type Check } from './check.js';
import {
  dockerConfigPaths,
  parseDockerConfig,
  readDockerConfig,
  type DockerConfig,
} from './docker-config.js';

const IF_TASKS_RUN_HERE = 'if Airflow tasks run on this machine as this user';

/** docker-py falls back to the home folder when that folder has no file: an empty object must be in it. */
const REST_OF_REMEDY =
  'or set DOCKER_CONFIG for Airflow to a folder whose config.json is `{}`. It does not matter if no Airflow tasks run here as this user.';

/** @param env HOME, DOCKER_CONFIG and PATH as Airflow's tasks would have them */
export function checkDockerConfig(registries: readonly string[], env: NodeJS.ProcessEnv): Check[] {
  if (registries.length === 0) return [];
  const path = dockerConfigPaths(env).find((candidate) => existsSync(candidate));
  if (path === undefined) return [ok('Docker configuration', 'this user has none on this machine')];
  const name = `Docker configuration ${path}`;
  const reading = readDockerConfig(path);
  if ('message' in reading)
    return [warning(name, reading.message, "Run `doctor` as the user of Airflow's tasks.")];
  const config = parseDockerConfig(reading.text);
  if ('isNoJson' in config)
    return [ok(name, 'holds no JSON: docker-py passes over it, and so overrides nothing')];
  if ('fault' in config) {
    const message = `${config.fault}: ${IF_TASKS_RUN_HERE}, docker-py throws and they fail`;
    return [warning(name, message, `Fix it, ${REST_OF_REMEDY}`)];
  }
  const warnings = [
    ...helperWarnings(name, registries, config, env),
    ...authWarnings(name, registries, config),
  ];
  return warnings.length > 0 ? warnings : [ok(name, 'overrides no connection')];
}

function helperWarnings(
  name: string,
  registries: readonly string[],
  { credHelpers, credsStore }: DockerConfig,
  env: NodeJS.ProcessEnv,
): Check[] {
  const own = registries.flatMap((host) => {
    const helper = credHelpers.get(host);
    const entry = `the entry ${JSON.stringify(host)} of \`credHelpers\``;
    return helper === undefined ? [] : [helperWarning(name, entry, helper, host, env)];
  });
  const others = registries.filter((host) => !credHelpers.has(host));
  if (credsStore === undefined || others.length === 0) return own;
  return [...own, helperWarning(name, '`credsStore`', credsStore, others.join(', '), env)];
}

/**
 * Seen with docker-py 7.1.0 and 7.2.0: the helper is asked at the sign-in and at the pull. What it has wins, having
 * nothing leaves the connection, and any other trouble throws. By its source, DockerHook (provider 4.6.1) turns that
 * into a complaint about the Docker host.
 */
function helperWarning(
  name: string,
  key: string,
  helper: string,
  hosts: string,
  env: NodeJS.ProcessEnv,
): Check {
  const program = `docker-credential-${helper}`;
  const effect = isOnPath(program, env)
    ? 'they pull with what it answers, and with the connection only where that has nothing'
    : 'they fail with "Failed to establish connection to any given Docker hosts", since it is not on PATH';
  const message = `${key} names ${program} for ${hosts}: ${IF_TASKS_RUN_HERE}, ${effect}`;
  return warning(name, message, `Remove ${key}, ${REST_OF_REMEDY}`);
}

/**
 * The sign-in of a connection takes the place of an entry under the very same key alone. Of several keys of a host,
 * docker-py takes the bare one, else the first: a connection with another host than the bare one loses.
 */
function authWarnings(name: string, registries: readonly string[], { authHosts }: DockerConfig): Check[] {
  return registries
    .filter((host) => authHosts.has(host))
    .map((host) =>
      warning(
        name,
        `\`auths\` has an entry of ${host}: ${IF_TASKS_RUN_HERE}, they pull with it, however old, where the host of a connection is written other than ${host} (https://, a path, capital letters)`,
        `Write the connection's host so, or remove the entry from \`auths\`, ${REST_OF_REMEDY}`,
      ),
    );
}

/** As Python's shutil.which looks, by which docker-py finds a helper. */
function isOnPath(program: string, env: NodeJS.ProcessEnv): boolean {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      const path = join(folder, program);
      accessSync(path, constants.X_OK);
      return !statSync(path).isDirectory();
    } catch {
      return false;
    }
  });
}
