// The real registry behind the gate: Debian's `docker-registry`, or `registry`. It listens on a random port of
// 127.0.0.1, without authentication.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { startChild } from '../child-process.js';
import { findOnPath } from '../executables.js';
import { freePort, releasePort } from '../ports.js';

/** A running registry without authentication. */
export interface RegistryStorage {
  url: string;
  port: number;
  stop: () => Promise<void>;
}

/**
 * Starts the registry with its data in `stateFolder/registry`; undefined when none is installed.
 * @throws Error with the last log lines when it does not start
 */
export async function startRegistryStorage(stateFolder: string): Promise<RegistryStorage | undefined> {
  const binary = findOnPath(['docker-registry', 'registry']);
  if (binary === undefined) return undefined;
  const folder = join(stateFolder, 'registry');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const configFile = join(stateFolder, 'registry.yml');
  writeFileSync(
    configFile,
    stringify({
      version: 0.1,
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: {
        filesystem: { rootdirectory: folder },
        delete: { enabled: true },
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: { addr: `127.0.0.1:${port}`, relativeurls: true, secret: randomBytes(16).toString('hex') },
    }),
    { mode: 0o600 },
  );
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: `The registry (${binary})`,
    command: binary,
    args: ['serve', configFile],
    env: { PATH: process.env['PATH'] }, // REGISTRY_* variables would override the configuration
    logFile: join(stateFolder, 'registry.log'),
    ready: async () => (await fetch(`${url}/v2/`)).ok,
    readyWithinMs: 20_000,
    remedy: 'Check the log, or remove the program from PATH: the sandbox also works without it.',
  });
  return {
    url,
    port,
    stop: async () => {
      await child.stop();
      releasePort(port);
    },
  };
}
