// The quickstart with the user's own Airflow and AWS: the environment is not changed, and a Temporal development server
// is started only if no address is set.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { readTemporalSettings } from '../../src/temporal/settings.js';
import { freePort } from '../ports.js';
import type { Cleanup } from '../cleanup.js';
import { claimStateFolder } from '../state-folder.js';
import { startTemporal } from '../temporal.js';
import type { Setup } from './setup.js';

/** @throws ConfigError before anything is started */
export async function startExternalSetup(
  configPath: string,
  stops: Cleanup,
  say: (line: string) => void,
): Promise<Setup> {
  loadConfig(configPath);
  const { folder: stateFolder, release } = claimStateFolder(
    join(homedir(), '.local/state/airflow-ecr-refresh'),
  );
  stops.add({ stop: async () => release() });
  const settings = readTemporalSettings();
  if (settings.connectionOptions.address !== undefined) {
    say(`Temporal: using ${settings.address}, namespace ${settings.namespace}`);
    return { configPath, env: process.env, temporal: settings, stateFolder, addresses: [], hints: [] };
  }
  const ports = { port: await freePort(7233), uiPort: await freePort(8233) };
  const { address, uiUrl } = stops.add(await startTemporal({ stateFolder, ...ports }));
  say('Temporal: no address is set, so a development server was started');
  return {
    configPath,
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    temporal: { connectionOptions: { address }, address, namespace: 'default' },
    stateFolder,
    addresses: uiUrl === undefined ? [] : [['Temporal UI', uiUrl]],
    hints: [`To use the commands in another terminal: export TEMPORAL_ADDRESS=${address}`],
  };
}
