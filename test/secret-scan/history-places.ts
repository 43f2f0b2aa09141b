// What Temporal's API returns for a namespace: executions, standalone activities and schedules.
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Place } from './places.js';

/**
 * For each execution: the history as exported, the history with every payload decoded, and the description, which has
 * memo, search attributes, and pending activities with their heartbeats and last failures. For each standalone activity
 * and each schedule: the description, which includes arguments and notes.
 */
export async function* historyPlaces(client: Client): AsyncGenerator<Place> {
  yield* workflowPlaces(client);
  yield* activityPlaces(client);
  for await (const { scheduleId } of client.schedule.list()) {
    const { raw } = await client.schedule.getHandle(scheduleId).describe();
    yield { place: `schedule ${scheduleId}, description`, bytes: collectContent(raw) };
  }
}

async function* workflowPlaces(client: Client): AsyncGenerator<Place> {
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const history = await handle.fetchHistory();
    const name = `workflow ${workflowId}, run ${runId}`;
    yield { place: `${name}, exported history`, bytes: Buffer.from(historyToJSON(history)) };
    yield { place: `${name}, decoded history`, bytes: collectContent(history) };
    yield { place: `${name}, description`, bytes: collectContent((await handle.describe()).raw) };
  }
}

async function* activityPlaces(client: Client): AsyncGenerator<Place> {
  const { namespace } = client.options;
  for await (const { activityId, activityRunId } of client.activity.list('')) {
    const description = await client.workflowService.describeActivityExecution({
      namespace,
      activityId,
      runId: activityRunId ?? '',
      includeInput: true,
      includeOutcome: true,
    });
    const place = `activity ${activityId}, run ${activityRunId}, description`;
    yield { place, bytes: collectContent(description) };
  }
}

/** Every string and byte array in a response of Temporal, including map keys, one per line. */
function collectContent(response: unknown): Buffer {
  return Buffer.concat([...findPieces(response)].flatMap((piece) => [piece, Buffer.from('\n')]));
}

function* findPieces(value: unknown): Generator<Uint8Array> {
  if (typeof value === 'string') yield Buffer.from(value);
  else if (value instanceof Uint8Array) yield value;
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield Buffer.from(key);
      yield* findPieces(inner);
    }
  }
}
