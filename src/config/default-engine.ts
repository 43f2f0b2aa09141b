// The Docker Engine of a configuration that names none: that of DOCKER_HOST, as Docker's own tools read it, else the local
// socket. Where DOCKER_HOST cannot be used, no engine is tested: the local one would be another engine.
import { resolve } from 'node:path';
import type { ConfigProblem } from './config-error.js';
import { ConfigFolder } from './config-folder.js';
import { toProblems } from './problems.js';
import { createEngineSchema, DEFAULT_ENGINE, type EngineConfig } from './schema/docker.js';
import { warnOfEngineKeys } from './warnings.js';

/** The names that Docker's own tools give them in DOCKER_CERT_PATH. */
const FILES = { caFile: 'ca.pem', certFile: 'cert.pem', keyFile: 'key.pem' } as const;
const REMEDY =
  'Set DOCKER_HOST to unix:///path or tcp://host:port, for TLS also DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH (the folder ' +
  'of ca.pem, cert.pem and key.pem), or name an engine in `docker.engines` (`[]` for none).';

/** The setting that this engine replaces. */
const SETTING = 'docker.engines';

export interface Engines {
  readonly engines: readonly EngineConfig[];
  readonly warnings: readonly ConfigProblem[];
  /** Where their TLS files are. */
  readonly folder: ConfigFolder;
}

/** The default engine, which may be absent; none, with warnings, where DOCKER_HOST cannot be used. */
export function findDefaultEngine(env: NodeJS.ProcessEnv): Engines {
  const url = env['DOCKER_HOST'] || DEFAULT_ENGINE;
  const hasTls = url.startsWith('tcp:') && Boolean(env['DOCKER_TLS_VERIFY']);
  const path = findCertificates(env);
  const folder = new ConfigFolder(path);
  const schema = createEngineSchema(folder);
  const parsed = schema.safeParse({ url, ...(hasTls && FILES) }, { reportInput: true });
  if (parsed.success) {
    const engines = [{ ...parsed.data, required: false }];
    // Without what is known of the folder, their paths are absolute: they are not in the configuration.
    const readable = warnOfEngineKeys(engines, new ConfigFolder(path));
    return {
      engines,
      warnings: readable.map(({ at: _at, ...fault }) => ({ ...fault, path: SETTING })),
      folder,
    };
  }
  const warnings = toProblems(parsed.error.issues, schema).map(({ at, message }): ConfigProblem => {
    const where = at[0] === 'url' ? '' : `in ${path}: `;
    return {
      code: 'no-engine',
      path: SETTING,
      message: `is not set, and DOCKER_HOST cannot be used, so no Docker Engine is tested: ${where}${message}`,
      remedy: REMEDY,
    };
  });
  return { engines: [], warnings, folder };
}

/** As Docker's own tools look for them. */
function findCertificates(env: NodeJS.ProcessEnv): string {
  return resolve(env['DOCKER_CERT_PATH'] || resolve(env['HOME'] || '/', '.docker'));
}
