// First step of a run: reads the configuration file again and plans the run. Sends no request.
import type { RefreshPlan } from '../refresh/activity-types.js';
import type { ConfigSource } from './allowed-config.js';

/** @throws RefreshFailure ConfigInvalid when no configuration is valid */
export async function planRefresh(source: ConfigSource): Promise<RefreshPlan> {
  const { allowed, problem } = source.reread();
  return {
    configHash: allowed.configHash,
    stores: [...allowed.stores.values()].map(({ name, kind, title, rules }) => ({
      name,
      kind,
      title,
      named: rules.named.length,
      isListed: rules.listPattern !== undefined,
    })),
    engines: [...allowed.engines.keys()],
    ...(allowed.engineProblem === undefined ? {} : { engineProblem: allowed.engineProblem }),
    ...(allowed.requiresDocker ? { requiresDocker: true } : {}),
    ...(problem === undefined ? {} : { configProblem: problem }),
  };
}
