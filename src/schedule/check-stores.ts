// Whether the schedule in Temporal was applied for the stores of the configuration.
import type { Client, ScheduleDescription } from '@temporalio/client';
import type { RefreshConfig } from '../config/refresh-config.js';
import { identifyStores } from '../config/schema/stores.js';
import {
  matchStores,
  parseScheduledStores,
  STORES_MEMO,
  type ScheduledStore,
  type StoresMatch,
} from '../refresh/scheduled-stores.js';
import { OtherDeployment } from './other-deployment.js';

const DESCRIBE_LIMIT_MS = 10_000;

/**
 * Compares the stores in the memo of a schedule with those of the configuration.
 * @returns `same` also for a schedule without such a memo: it was not created by `schedule apply`, or was edited
 * @throws OtherDeployment when they share no store
 */
export function checkStores(
  { action }: Pick<ScheduleDescription, 'action'>,
  scheduleId: string,
  configured: readonly ScheduledStore[],
): StoresMatch {
  const scheduled = parseScheduledStores(action.memo?.[STORES_MEMO]);
  if (!scheduled) return 'same';
  const match = matchStores(scheduled, configured);
  if (match === 'disjoint') throw new OtherDeployment(scheduleId, scheduled, configured);
  return match;
}

/**
 * The same at the start of a worker, which must also start when Temporal denies the call or there is no schedule yet.
 * @throws OtherDeployment
 */
export async function checkStoresAtStart(client: Client, config: RefreshConfig): Promise<StoresMatch> {
  let description: ScheduleDescription;
  try {
    const handle = client.schedule.getHandle(config.schedule.id);
    description = await client.withDeadline(Date.now() + DESCRIBE_LIMIT_MS, () => handle.describe());
  } catch {
    return 'same';
  }
  return checkStores(description, config.schedule.id, identifyStores(config.stores));
}
