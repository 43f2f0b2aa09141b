// Owns the Docker Engine of a configuration that names none: that of DOCKER_HOST, as Docker's own tools read it, else
// the local socket. Refuses to fall back to the local one where DOCKER_HOST cannot be used: it is another engine.
import { join, resolve } from 'node:path';

import { isUnencrypted, readEngineAddress, type EngineAddress } from './engine-address.js';
import type { EngineConfig } from './refresh-config.js';
import type { Resolution } from './resolve-values.js';
import { DEFAULT_ENGINE } from './schema/docker.js';
import type { TlsFiles } from '../net/tls-files.js';
import { resolveTlsFiles } from './tls-files.js';

const AT = ['docker', 'engines'];
const OTHERWISE = 'or name an engine under `docker.engines` (`[]` for none)';
/** The names that Docker's own tools give them in DOCKER_CERT_PATH. */
const FILES = { caFile: 'ca.pem', certFile: 'cert.pem', keyFile: 'key.pem' } as const;

interface DefaultEngine {
  readonly engine: EngineConfig;
  readonly identity: unknown;
}

/** The default engine, which need not be there; undefined, and a warning, when DOCKER_HOST cannot be used. */
export function resolveDefaultEngine(resolution: Resolution): DefaultEngine | undefined {
  const { env } = resolution.source;
  const dockerHost = env['DOCKER_HOST'] ?? '';
  if (dockerHost === '') return asDefault(DEFAULT_ENGINE);
  const address = readEngineAddress(dockerHost);
  if (!('url' in address)) {
    return warnOf(
      `DOCKER_HOST ${address.message}`,
      `Set it to unix:///path or tcp://host:port, ${OTHERWISE}.`,
      resolution,
    );
  }
  const hasTls = address.kind === 'tcp' && Boolean(env['DOCKER_TLS_VERIFY']);
  if (isUnencrypted(address, hasTls)) {
    return warnOf(
      'DOCKER_HOST is tcp:// beyond loopback without TLS: the token would cross the network in clear',
      `Set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, ${OTHERWISE}.`,
      resolution,
    );
  }
  return hasTls ? resolveTlsEngine(address, resolution) : asDefault(address.url);
}

function resolveTlsEngine({ url }: EngineAddress, resolution: Resolution): DefaultEngine | undefined {
  const folder = certificateFolder(resolution.source.env);
  if (folder === undefined) {
    const message =
      'DOCKER_TLS_VERIFY is set, and neither DOCKER_CERT_PATH nor HOME says where the certificates lie';
    return warnOf(message, `Set DOCKER_CERT_PATH, ${OTHERWISE}.`, resolution);
  }
  const files = {
    caFile: join(folder, FILES.caFile),
    certFile: join(folder, FILES.certFile),
    keyFile: join(folder, FILES.keyFile),
  };
  let isUsable = true;
  const place = {
    folder,
    at: () => AT,
    remedyIfMissing: `Put it there, set DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem, ${OTHERWISE}.`,
  };
  // Faults of the surroundings, not of the file: they must not stop the worker.
  const report = (_at: unknown, message: string, remedy: string): void => {
    isUsable = false;
    warnOf(`of the certificates for DOCKER_HOST, ${message}`, remedy, resolution);
  };
  const tls = resolveTlsFiles(files, place, { ...resolution, report });
  return isUsable ? asDefault(url, tls) : undefined;
}

/** As Docker's own tools look for it. */
function certificateFolder(env: NodeJS.ProcessEnv): string | undefined {
  if (env['DOCKER_CERT_PATH']) return resolve(env['DOCKER_CERT_PATH']);
  return env['HOME'] ? resolve(env['HOME'], '.docker') : undefined;
}

function asDefault(url: string, tls?: TlsFiles): DefaultEngine {
  const identity = { url, required: false };
  // By name alone: the folder is another one for each worker.
  return tls
    ? { engine: { ...identity, tls }, identity: { ...identity, tls: FILES } }
    : { engine: identity, identity };
}

function warnOf(message: string, remedy: string, { warn }: Resolution): undefined {
  warn(AT, `is left out, and no Docker Engine is tested: ${message}`, remedy);
}
