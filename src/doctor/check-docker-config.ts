// Checks whether the Docker configuration of this user overrides a connection or makes tasks fail. Configurations of
// other users and machines are not visible here. Never runs a credential helper, and never shows the content of the
// file.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ok, skipped, warning, type Check, type Subject } from './check.js';
import {
  dockerConfigPaths,
  parseDockerConfig,
  readDockerConfig,
  type DockerConfig,
} from './docker-config.js';

const IF_TASKS_RUN_HERE = 'if Airflow tasks run on this machine as this user';

/** The file must exist and contain an empty object: without it, docker-py falls back to the home folder. */
const REST_OF_REMEDY =
  'or set DOCKER_CONFIG for Airflow to a folder whose config.json is `{}`. No action needed if no Airflow tasks run here as this user.';

/** @param env with HOME, DOCKER_CONFIG and PATH of the Airflow tasks */
export function checkDockerConfig(registries: readonly string[], env: NodeJS.ProcessEnv): Check[] {
  if (registries.length === 0) return [skipped(toSubject(), 'no registry is known')];
  const path = dockerConfigPaths(env).find((candidate) => existsSync(candidate));
  if (path === undefined) return [ok(toSubject(), 'not found for this user on this machine')];
  const subject = toSubject(path);
  const result = readDockerConfig(path);
  if ('message' in result)
    return [warning(subject, result.message, 'Run `doctor` as the user of the Airflow tasks.')];
  const config = parseDockerConfig(result.text);
  if ('isNotJson' in config)
    return [ok(subject, 'is not JSON; docker-py ignores it, so it overrides no connection')];
  if ('fault' in config) {
    const message = `${config.fault}: ${IF_TASKS_RUN_HERE}, docker-py raises an error and they fail`;
    return [warning(subject, message, `Fix the file, ${REST_OF_REMEDY}`)];
  }
  const warnings = [
    ...helperWarnings(subject, registries, config, env),
    ...authWarnings(subject, registries, config),
  ];
  return warnings.length > 0 ? warnings : [ok(subject, 'overrides no connection')];
}

function toSubject(path?: string): Subject {
  return { id: 'docker-config', target: `Docker configuration${path === undefined ? '' : ` ${path}`}` };
}

function helperWarnings(
  subject: Subject,
  registries: readonly string[],
  { credHelpers, credsStore }: DockerConfig,
  env: NodeJS.ProcessEnv,
): Check[] {
  const own = registries.flatMap((host) => {
    const helper = credHelpers.get(host);
    const entry = `the entry ${JSON.stringify(host)} of \`credHelpers\``;
    return helper === undefined ? [] : [helperWarning(subject, entry, helper, host, env)];
  });
  const others = registries.filter((host) => !credHelpers.has(host));
  if (credsStore === undefined || others.length === 0) return own;
  return [...own, helperWarning(subject, '`credsStore`', credsStore, others.join(', '), env)];
}

/**
 * Observed with docker-py 7.1.0 and 7.2.0: it runs the helper at login and at pull. Credentials of the helper override
 * the connection; if the helper has none, the connection is used; any other error is raised. DockerHook (provider
 * 4.6.1, from its source) reports that error as a failed connection to the Docker host.
 */
function helperWarning(
  subject: Subject,
  key: string,
  helper: string,
  hosts: string,
  env: NodeJS.ProcessEnv,
): Check {
  const program = `docker-credential-${helper}`;
  const effect = isOnPath(program, env)
    ? 'they pull with the credentials of the helper, and use the connection only if the helper has none'
    : 'they fail with "Failed to establish connection to any given Docker hosts", because the helper is not on PATH';
  const message = `${key} names ${program} for ${hosts}: ${IF_TASKS_RUN_HERE}, ${effect}`;
  return warning(subject, message, `Remove ${key}, ${REST_OF_REMEDY}`);
}

/**
 * The login of a connection overrides only an entry with the same key. If a host has several keys, docker-py uses the
 * bare host, otherwise the first key: the login of a connection whose host is not the bare one is not used.
 */
function authWarnings(subject: Subject, registries: readonly string[], { authHosts }: DockerConfig): Check[] {
  return registries
    .filter((host) => authHosts.has(host))
    .map((host) =>
      warning(
        subject,
        `\`auths\` has an entry for ${host}: ${IF_TASKS_RUN_HERE}, they pull with it, even if it has expired, when the host of a connection is not exactly ${host} (https://, a path, upper-case letters)`,
        `Use the bare host in the connection, remove the entry from \`auths\`, ${REST_OF_REMEDY}`,
      ),
    );
}

/** Searches like Python's shutil.which, which docker-py uses to find a helper. */
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
