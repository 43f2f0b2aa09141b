// Owns what Temporal shows of a namespace through its API: executions, standalone activities and schedules.
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Place } from './places.js';

/**
 * Of each execution the history as it is exported, the same with every payload decoded, and its description: memo,
 * search attributes, pending activities with their heartbeats and last failures. Of each standalone activity and
 * each schedule the description, arguments and notes included.
 */
export async function* historyPlaces(client: Client): AsyncGenerator<Place> {
  yield* workflowPlaces(client);
  yield* activityPlaces(client);
  for await (const { scheduleId } of client.schedule.list()) {
    const { raw } = await client.schedule.getHandle(scheduleId).describe();
    yield { place: `schedule ${scheduleId}, description`, bytes: contentOf(raw) };
  }
}

async function* workflowPlaces(client: Client): AsyncGenerator<Place> {
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const history = await handle.fetchHistory();
    const name = `workflow ${workflowId}, run ${runId}`;
    yield { place: `${name}, exported history`, bytes: Buffer.from(historyToJSON(history)) };
    yield { place: `${name}, decoded history`, bytes: contentOf(history) };
    yield { place: `${name}, description`, bytes: contentOf((await handle.describe()).raw) };
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
    yield { place, bytes: contentOf(description) };
  }
}

/** Every text and every run of bytes in an answer of Temporal, keys of maps included, one a line. */
function contentOf(answer: unknown): Buffer {
  return Buffer.concat([...piecesIn(answer)].flatMap((piece) => [piece, Buffer.from('\n')]));
}

function* piecesIn(value: unknown): Generator<Uint8Array> {
  if (typeof value === 'string') yield Buffer.from(value);
  else if (value instanceof Uint8Array) yield value;
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield Buffer.from(key);
      yield* piecesIn(inner);
    }
  }
}
