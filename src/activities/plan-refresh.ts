// First step of a run: reads the configuration file again and says what there is to do. Touches no network.
import type { RefreshPlan } from '../domain/steps.js';
import type { TargetsSource } from './targets.js';

/** @throws RefreshFailure ConfigInvalid when there is no good configuration at all */
export async function planRefresh(source: TargetsSource): Promise<RefreshPlan> {
  const { targets, problem } = source.reread();
  return {
    configHash: targets.configHash,
    airflows: [...targets.airflows.keys()],
    engines: [...targets.engines.keys()],
    ...(targets.engineProblem === undefined ? {} : { engineProblem: targets.engineProblem }),
    ...(problem === undefined ? {} : { configProblem: problem }),
  };
}
