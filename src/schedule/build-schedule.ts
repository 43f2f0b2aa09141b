// Builds the desired Temporal schedule from the configuration. `apply` compares its hash, since Temporal compiles cron
// expressions and the stored spec cannot be compared with the file.
import { createHash } from 'node:crypto';
import { ScheduleOverlapPolicy, type ScheduleOptions } from '@temporalio/client';
import type { RefreshConfig } from '../config/refresh-config.js';
import { identifyStores } from '../config/schema/stores.js';
import { describeSchedule } from '../refresh/schedule-margins.js';
import { parseScheduledStores, STORES_MEMO, type ScheduledStore } from '../refresh/scheduled-stores.js';
import type * as workflows from '../workflows/index.js';
import { ECR_TOKEN_LIFE_MS } from '../refresh/token.js';

/** Key of the hash in the memo of the scheduled action: the memo of the schedule itself cannot be updated. */
export const SPEC_HASH = 'specHash';

export const WORKFLOW_TYPE = 'refreshCredentials' satisfies keyof typeof workflows;
type RefreshInput = Parameters<(typeof workflows)[typeof WORKFLOW_TYPE]>[0];

export type DesiredSchedule = ScheduleOptions<ScheduleOptions['action'] & { workflowType: string }>;

export function buildScheduleOptions(config: RefreshConfig): DesiredSchedule {
  const { schedule, taskQueue, stores } = config;
  const { cadence, jitterMs, retryForMs, executionTimeoutMs } = schedule;
  const spec = {
    jitter: jitterMs,
    ...('everyMs' in cadence
      ? { intervals: [{ every: cadence.everyMs }] }
      : { cronExpressions: [cadence.cron], timezone: 'UTC' }),
  };
  const policies = {
    overlap: ScheduleOverlapPolicy.SKIP,
    // After an outage of Temporal one run catches up; with the server's default of one year many would start.
    catchupWindow: schedule.longestIntervalMs,
    // A schedule that pauses itself after one failure would let tokens expire.
    pauseOnFailure: false,
  };
  const input: RefreshInput = { retryForMs };
  const action = {
    type: 'startWorkflow' as const,
    workflowType: WORKFLOW_TYPE,
    workflowId: `${schedule.id}-run`,
    taskQueue,
    args: [input],
    workflowExecutionTimeout: executionTimeoutMs,
    staticSummary: `Refresh ECR tokens in ${stores.length} Airflow instance${stores.length === 1 ? '' : 's'}`,
    staticDetails: `Schedule \`${schedule.id}\` runs ${describeSchedule(schedule, ECR_TOKEN_LIFE_MS)}.`,
  };
  const identified = identifyStores(stores);
  const specHash = toHash({ spec, policies, action, stores: identified });
  return {
    scheduleId: schedule.id,
    spec,
    policies,
    action: { ...action, memo: { [SPEC_HASH]: specHash, [STORES_MEMO]: identified } },
  };
}

export function getSpecHash(schedule: DesiredSchedule): string {
  return String(schedule.action.memo?.[SPEC_HASH]);
}

/** The stores that the schedule is for. */
export function getStores({ action }: DesiredSchedule): readonly ScheduledStore[] {
  return parseScheduledStores(action.memo?.[STORES_MEMO]) ?? [];
}

function toHash(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12);
}
