// A workflow of an attacker who may start workflows on the same Temporal and wants the worker's secrets: it calls one
// of the worker's activities with a forged input.
import { scheduleActivity } from '@temporalio/workflow';

export interface ForgedCall {
  readonly taskQueue: string;
  readonly step: string;
  readonly input: readonly unknown[];
}

export async function callActivity({ taskQueue, step, input }: ForgedCall): Promise<unknown> {
  return scheduleActivity(step, [...input], {
    taskQueue,
    startToCloseTimeout: '1 minute',
    retry: { maximumAttempts: 1 },
  });
}
