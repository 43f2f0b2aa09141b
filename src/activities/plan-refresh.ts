// First step of a run: reads the configuration file again and says what there is to do. Touches no network.
import type { PlannedStore, RefreshPlan } from '../refresh/activity-types.js';
import type { AllowedStore, ConfigSource } from './allowed-config.js';

/** @throws RefreshFailure ConfigInvalid when there is no good configuration at all */
export async function planRefresh(source: ConfigSource): Promise<RefreshPlan> {
  const { allowed, problem } = source.reread();
  return {
    configHash: allowed.configHash,
    stores: [...allowed.stores.values()].map(toPlannedStore),
    engines: [...allowed.engines.keys()],
    ...(allowed.engineProblem === undefined ? {} : { engineProblem: allowed.engineProblem }),
    ...(problem === undefined ? {} : { configProblem: problem }),
  };
}

function toPlannedStore({ name, kind, title, rules }: AllowedStore): PlannedStore {
  const named = rules.filter((rule) => rule.kind === 'id').length;
  return { name, kind, title, named, isListed: named < rules.length };
}
