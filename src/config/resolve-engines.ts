// Owns which Docker Engines the sign-in is tested from.
// Refuses addresses that this release cannot reach, and one engine twice.
import { checkEngine, isUnixSocket } from './addresses.js';
import type { EngineConfig } from './refresh-config.js';
import { refuseSecond, reportFault, validFields, type Resolution } from './resolve-values.js';
import { DEFAULTS, dockerSchema } from './schema.js';

/** The engines of the parsed file, else the default one: DOCKER_HOST when it is a socket, else the usual socket. */
export function resolveEngines(raw: unknown, resolution: Resolution): EngineConfig[] {
  const { engines } = validFields(dockerSchema, raw ?? {});
  if (!engines) {
    const dockerHost = resolution.source.env['DOCKER_HOST'] ?? '';
    return [{ url: isUnixSocket(dockerHost) ? dockerHost : DEFAULTS.engine, required: false }];
  }
  const seen = new Map<string, string>();
  for (const [index, engine] of engines.entries()) {
    const at = ['docker', 'engines', index];
    refuseSecond(engine, at, seen, 'the engine', resolution.report);
    const fault = checkEngine(engine);
    if (fault) reportFault(fault, at, resolution);
  }
  return engines.map((url) => ({ url, required: true }));
}
