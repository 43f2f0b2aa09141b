// Workflows that put secrets wherever Temporal stores data, for the test that the scan finds them there.
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';

export interface PlantingActivities {
  answer: () => Promise<string>;
  answerEncoded: () => Promise<string>;
  take: (input: string) => Promise<void>;
  fail: () => Promise<void>;
  /** Fails once, and is retried after an hour. */
  heartbeatAndFail: () => Promise<void>;
}

/** Defined here, so that it is the input of an activity and not an argument of a workflow, too. */
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

/** Ends as a refresh does when something failed: with the report in the details of its failure. */
export async function plantAndFail(_argument: string, message: string, details: string): Promise<void> {
  await answer();
  await answerEncoded();
  await take(ACTIVITY_INPUT);
  await fail().catch(() => {});
  throw ApplicationFailure.nonRetryable(message, 'Planted', { remedy: details });
}

/** A run in progress: its activity is between two attempts. */
export async function plantAndWait(): Promise<void> {
  await heartbeatAndFail();
}
