// The quickstart with the user's own Airflow and AWS: the environment is not changed, and a Temporal development server
// is started only if no address is set.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.js';
import { plainSettings, readTemporalSettings } from '../../src/temporal/settings/settings.js';
import { NAMESPACE, TEMPORAL_PORTS } from '../own-temporal.js';
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
  // A copy, from which no variable is taken out: the commands are child processes, and need them all.
  const env = { ...process.env };
  loadConfig(configPath, env);
  const { folder: stateFolder, release } = claimStateFolder(
    join(homedir(), '.local/state/airflow-ecr-refresh'),
  );
  stops.add({ stop: async () => release() });
  const settings = readTemporalSettings(env);
  if (settings.addressSetting !== undefined) {
    say(`Temporal: using ${settings.address}, namespace ${settings.namespace}`);
    const given = { configPath, env, temporal: settings, ownsTemporal: false };
    return { ...given, stateFolder, addresses: [], hints: [] };
  }
  const { address, namespace, uiUrl } = stops.add(
    await startTemporal({
      stateFolder,
      namespace: NAMESPACE,
      port: await freePort(TEMPORAL_PORTS.temporal),
      uiPort: await freePort(TEMPORAL_PORTS.temporalUi),
    }),
  );
  say('Temporal: no address is set, so a development server was started');
  return {
    configPath,
    env: { ...env, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    temporal: plainSettings(address, namespace),
    ownsTemporal: true,
    stateFolder,
    addresses: uiUrl === undefined ? [] : [['Temporal UI', uiUrl]],
    hints: [
      `To use the commands in another terminal: export TEMPORAL_ADDRESS=${address} TEMPORAL_NAMESPACE=${namespace}`,
    ],
  };
}
