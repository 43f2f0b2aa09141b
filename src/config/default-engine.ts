// The Docker Engine for a configuration that names none: that of DOCKER_HOST, interpreted like the Docker CLI does,
// else the local socket. When DOCKER_HOST cannot be used, no engine is tested: the local one would be a different
// engine.
import { resolve } from 'node:path';
import type { ConfigProblem } from './config-error.js';
import { ConfigFolder } from './config-folder.js';
import { toProblems } from './problems.js';
import { createEngineSchema, DEFAULT_ENGINE, type EngineConfig } from './schema/docker.js';
import { checkEngineKeys } from './warnings.js';

/** File names that Docker uses in DOCKER_CERT_PATH. */
const FILES = { caFile: 'ca.pem', certFile: 'cert.pem', keyFile: 'key.pem' } as const;
const REMEDY =
  'Set DOCKER_HOST to unix:///path or tcp://host:port; for TLS, also set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH ' +
  '(the folder with ca.pem, cert.pem and key.pem). Or set `docker.engines` (`[]` to test no engine).';

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
  const url = env['DOCKER_HOST'] || DEFAULT_ENGINE;
  const hasTls = url.startsWith('tcp:') && Boolean(env['DOCKER_TLS_VERIFY']);
  const path = findCertificates(env);
  const folder = new ConfigFolder(path);
  const schema = createEngineSchema(folder);
  const parsed = schema.safeParse({ url, ...(hasTls && FILES) }, { reportInput: true });
  if (parsed.success) {
    const engines = [{ ...parsed.data, required: false }];
    // With a new folder, messages show absolute paths: these files are not in the configuration.
    const readable = checkEngineKeys(engines, new ConfigFolder(path));
    return {
      engines,
      warnings: readable.map(({ at: _at, ...fault }) => ({ ...fault, path: SETTING })),
      folder,
    };
  }
  const warnings = toProblems(parsed.error.issues, schema).map(({ at, message }): ConfigProblem => {
    const where = at[0] === 'url' ? 'DOCKER_HOST' : `TLS files in ${path}`;
    return {
      code: 'no-engine',
      path: SETTING,
      message: `is not set, and DOCKER_HOST cannot be used, so no Docker Engine is tested. ${where}: ${message}`,
      remedy: REMEDY,
    };
  });
  return { engines: [], warnings, folder };
}

/** The same search as the Docker CLI. */
function findCertificates(env: NodeJS.ProcessEnv): string {
  return resolve(env['DOCKER_CERT_PATH'] || resolve(env['HOME'] || '/', '.docker'));
}
