// Owns workflows that put what they are given where Temporal keeps it, for the test that the scan finds it there.
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';

export interface PlantingActivities {
  answer: () => Promise<string>;
  answerEncoded: () => Promise<string>;
  take: (input: string) => Promise<void>;
  fail: () => Promise<void>;
  /** Fails once, and is tried again in an hour. */
  heartbeatAndFail: () => Promise<void>;
}

/** Known here so that it is nobody's argument before it is the activity's input. */
export const ACTIVITY_INPUT =
  'x7Jq2mZpV9cWbT4nRk8sYd3gHf6uLa1eQo5iXw0vCzBtNrMhGyKjPlSdFaEuIoTqWxZcVbNmLkJhGf2';

const { answer, answerEncoded, take, fail } = proxyActivities<PlantingActivities>({
  startToCloseTimeout: '1 minute',
  retry: { maximumAttempts: 1 },
});
const { heartbeatAndFail } = proxyActivities<PlantingActivities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 hour' },
});

/** A run that ends as ours do when something failed: with the report in the details of its failure. */
export async function plantAndFail(_argument: string, message: string, details: string): Promise<void> {
  await answer();
  await answerEncoded();
  await take(ACTIVITY_INPUT);
  await fail().catch(() => {});
  throw ApplicationFailure.nonRetryable(message, 'Planted', { remedy: details });
}

/** A run under way: its activity is between two attempts. */
export async function plantAndWait(): Promise<void> {
  await heartbeatAndFail();
}
