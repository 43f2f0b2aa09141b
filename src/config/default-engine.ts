// The Docker Engine for a configuration that names none: that of DOCKER_HOST, interpreted like the Docker CLI does,
// else the local socket. When DOCKER_HOST cannot be used, no engine is tested: the local one would be a different
// engine.
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigProblem } from './config-error.js';
import { ConfigFolder } from './config-folder.js';
import { findDockerContext } from './docker-context.js';
import { toProblems } from './problems.js';
import { createEngineSchema, DEFAULT_ENGINE, type EngineConfig } from './schema/docker.js';
import { checkEngineKeys } from './warnings.js';

/** File names that Docker uses in DOCKER_CERT_PATH. */
const FILES = { caFile: 'ca.pem', certFile: 'cert.pem', keyFile: 'key.pem' } as const;
const OR_ENGINES = ', or set `docker.engines` (`[]` to test no engine).';
const SET_HOST = `Set DOCKER_HOST to unix:///path or tcp://host:port${OR_ENGINES}`;
const SET_TLS =
  'Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem. If only trusted ' +
  'programs can read that network, set `docker.engines` to `[{url: …, allowInsecureTcp: true}]` with that URL; to `[]` ' +
  'to test no engine.';
const MISMATCH = 'key.pem does not match the certificate in cert.pem';
const SET_FOLDER = `Set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem${OR_ENGINES}`;

/** The setting that this engine replaces. */
const SETTING = 'docker.engines';

export interface Engines {
  readonly engines: readonly EngineConfig[];
  readonly warnings: readonly ConfigProblem[];
  /** The folder of their TLS files. */
  readonly folder: ConfigFolder;
}

/** The default engine, which need not exist; none, with warnings, when DOCKER_HOST cannot be used. */
export function findDefaultEngine(env: NodeJS.ProcessEnv): Engines {
  const host = cleanHost(env['DOCKER_HOST']);
  const url = host || DEFAULT_ENGINE;
  const hasTls = /^tcp:/i.test(url) && Boolean(env['DOCKER_TLS_VERIFY']);
  const path = findCertificates(env);
  const folder = new ConfigFolder(path);
  const schema = createEngineSchema(folder);
  const parsed = schema.safeParse({ url, ...(hasTls && FILES) }, { reportInput: true });
  const place = `${env['DOCKER_CERT_PATH'] ? '' : 'Default of '}DOCKER_CERT_PATH (${path})`;
  if (parsed.success) {
    const isDefault = parsed.data.url === DEFAULT_ENGINE;
    const engines = [{ ...parsed.data, required: false, ...(isDefault ? { isDefault } : {}) }];
    const warnings = checkEngineKeys(engines, folder).map(({ code, message, remedy }): ConfigProblem => ({
      code,
      path: SETTING,
      message: `is not set, and the default engine is tested. ${place}: ${message}`,
      remedy,
    }));
    const ofContext = host === '' ? checkContext(env, schema) : [];
    return { engines, warnings: [...warnings, ...ofContext], folder };
  }
  const warnings = toProblems(parsed.error.issues, schema).map(
    ({ at, code, message, remedy }): ConfigProblem => ({
      code: 'no-engine',
      path: SETTING,
      message:
        'is not set, and the default engine cannot be used, so no Docker Engine is tested. ' +
        `${at[0] === 'url' ? 'DOCKER_HOST' : place}: ${code === 'mismatch' ? MISMATCH : message}`,
      remedy:
        at[0] === 'url'
          ? code === 'unencrypted'
            ? SET_TLS
            : SET_HOST
          : code === 'not-found'
            ? SET_FOLDER
            : remedy,
    }),
  );
  return { engines: [], warnings, folder };
}

/** Docker takes blanks and quotation marks as part of the value; they come from files of variables. */
function cleanHost(value = ''): string {
  return value
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .trim();
}

/** Without DOCKER_HOST, the Docker CLI of this user may use another engine than the one that is tested. */
function checkContext(
  env: NodeJS.ProcessEnv,
  schema: ReturnType<typeof createEngineSchema>,
): ConfigProblem[] {
  const context = findDockerContext(env);
  if (!context || isDefaultEngine(context.endpoint)) return [];
  const { name, endpoint } = context;
  const example = endpoint ?? 'unix:///path/of/its.sock';
  // For example ssh://, or TCP without TLS.
  const isUsable = schema.safeParse({ url: example }).success;
  return [
    {
      code: 'docker-context',
      path: SETTING,
      message:
        `is not set, and the default engine ${DEFAULT_ENGINE} is tested. The Docker CLI uses another one: that of its ` +
        `context ${name}${endpoint === undefined ? '' : ` (${endpoint})`}, which Airflow's DockerOperator ignores`,
      remedy:
        (isUsable
          ? `To test that engine, set \`docker.engines: [${example}]\`; Airflow's tasks use it only with the same ` +
            '`docker_url`. '
          : 'The worker cannot use this endpoint. ') +
        `To keep the default engine without this warning, set \`docker.engines: [${DEFAULT_ENGINE}]\`.`,
    },
  ];
}

/** `/var/run` is usually a link to `/run`, and Docker Desktop makes a link at the path of the default engine. */
function isDefaultEngine(endpoint: string | undefined): boolean {
  if (endpoint === DEFAULT_ENGINE) return true;
  const [path, own] = [endpoint ?? '', DEFAULT_ENGINE].map((url) =>
    resolvePath(url.replace(/^unix:\/\//, '')),
  );
  return path !== undefined && path === own;
}

function resolvePath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** The same search as the Docker CLI. */
function findCertificates(env: NodeJS.ProcessEnv): string {
  return resolve(env['DOCKER_CERT_PATH'] || resolve(env['HOME'] || '/', '.docker'));
}
