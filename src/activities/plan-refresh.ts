// First step of a run: reads the configuration file again and plans the run. Sends no request.
import { hostname } from 'node:os';
import type { PlanInput, RefreshPlan } from '../refresh/activity-types.js';
import { RefreshFailure } from '../refresh/failures.js';
import { describeStores, matchStores, STORES_EDITED_WARNING } from '../refresh/scheduled-stores.js';
import type { AllowedConfig, ConfigSource } from './allowed-config.js';

/**
 * @throws RefreshFailure ConfigInvalid when no configuration is valid; ConfigVersionMismatch when this worker has none of
 *   the stores that the schedule was applied for
 */
export async function planRefresh(
  source: ConfigSource,
  { scheduledStores }: PlanInput = {},
): Promise<RefreshPlan> {
  const { allowed, problem, remedy } = source.reread(scheduledStores);
  const warnings = checkStores(allowed, scheduledStores);
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
    ...(remedy === undefined ? {} : { configRemedy: remedy }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** Another worker of the task queue may have these stores, so that the failure is retried. */
function checkStores({ deployments }: AllowedConfig, scheduled: PlanInput['scheduledStores']): string[] {
  if (!scheduled) return [];
  const match = matchStores(scheduled, deployments);
  if (match === 'overlapping') return [STORES_EDITED_WARNING];
  if (match === 'same') return [];
  throw new RefreshFailure(
    'ConfigVersionMismatch',
    `This run refreshes ${describeStores(scheduled)}, and the worker on ${hostname()} has ` +
      `${describeStores(deployments)}: it belongs to another deployment that uses the same task queue, or the ` +
      'schedule was replaced.',
  );
}
