import proto from '@temporalio/proto';
import type { Client, ScheduleDescription } from '@temporalio/client';
import type { RefreshConfig } from '../config/refresh-config.js';
import { describeOrUndefined, isUpToDate } from '../schedule/apply-schedule.js';
import { buildScheduleOptions } from '../schedule/build-schedule.js';
import { withTemporalClient } from '../temporal/connection.js';
import { readTemporalSettings } from '../temporal/settings.js';
import { TemporalUnavailable } from '../temporal/unavailable.js';
import { ok, warning, type Check } from './check.js';

export async function checkTemporal(config: RefreshConfig): Promise<Check[]> {
  try {
    const { address, namespace } = readTemporalSettings();
    return await withTemporalClient(async (client) => [
      ok('Temporal', `${address} responds, namespace ${namespace}`),
      await checkSchedule(client, config),
      await checkWorkers(client, config),
    ]);
  } catch (error) {
    if (!(error instanceof TemporalUnavailable)) throw error;
    const { message, remedy } = error;
    return [{ name: 'Temporal', outcome: 'failed', message, remedy }];
  }
}

async function checkSchedule(client: Client, config: RefreshConfig): Promise<Check> {
  const { id } = config.schedule;
  const description = await describeOrUndefined(client.schedule.getHandle(id));
  if (!description) return scheduleCheck(id, undefined, false);
  return scheduleCheck(id, description, isUpToDate(description, buildScheduleOptions(config)));
}

/** @param description undefined if the schedule does not exist */
export function scheduleCheck(
  id: string,
  description: Pick<ScheduleDescription, 'state' | 'info'> | undefined,
  upToDate: boolean,
): Check {
  const label = `schedule ${id}`;
  if (!description) return warning(label, 'not found', 'Create it with `schedule apply`.');
  if (description.state.paused)
    return warning(label, 'is paused: tokens will expire', 'Run `schedule unpause`.');
  if (!upToDate) return warning(label, 'differs from the configuration', 'Run `schedule apply`.');
  return ok(label, `exists; next run ${description.info.nextActionTimes[0]?.toISOString() ?? 'never'}`);
}

async function checkWorkers(client: Client, config: RefreshConfig): Promise<Check> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: config.taskQueue },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
  });
  return workersCheck(config.taskQueue, pollers.length);
}

export function workersCheck(taskQueue: string, count: number): Check {
  const label = `task queue ${taskQueue}`;
  if (count === 0) return warning(label, 'no worker is polling', 'Start a worker with the `worker` command.');
  return ok(label, `${count} worker${count === 1 ? '' : 's'} seen in the last few minutes`);
}
