import { CONFIG_REMEDIES } from '../refresh/remedies/config.js';
import { describeTakeover, type ScheduledStore } from '../refresh/scheduled-stores.js';

/** The schedule was applied for other stores: exit code 1, since `schedule apply --replace` lets a restart succeed. */
export class OtherDeployment extends Error {
  override readonly name = 'OtherDeployment';
  readonly code = 'other-deployment';
  readonly remedy = CONFIG_REMEDIES.takeOver;

  /** The message has no full stop at its end. */
  constructor(
    scheduleId: string,
    scheduled: readonly ScheduledStore[],
    configured: readonly ScheduledStore[],
  ) {
    const message = describeTakeover(scheduleId, scheduled, configured);
    super(`${message.charAt(0).toUpperCase()}${message.slice(1)}`);
  }
}
