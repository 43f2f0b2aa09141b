// Owns Airflow 3's bulk request: its body, its size, and what the answer says of each connection. Airflow answers 200
// whatever happened, so the connections that it names are compared with those asked for.
// Refuses update_mask (ignored there, or an error), `skip` (missing ones vanish silently) and any other type.
import { z } from 'zod';
import type { WriteResult } from '../port.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { RefreshFailure } from '../../refresh/failures.js';
import type { Secret } from '../../log/secret.js';
import { failure, toResponseFailure, notAirflow } from './response-errors.js';
import type { ApiResponse, BulkLimits, RequestContext } from './transport.js';
import { namesConnection } from './response-texts.js';

/** Bytes of an action besides the password: 127 of JSON and an id of up to 200 characters of four bytes. */
const ACTION_BYTES = 1024;

const ANSWER = z.object({
  update: z.object({
    success: z.array(z.string()),
    errors: z.array(z.object({ error: z.string(), status_code: z.number().int() })),
  }),
});

type BulkError = z.output<typeof ANSWER>['update']['errors'][number];

/** The most connections that one request may hold for a password of this many bytes. */
export function bulkLimit(limits: BulkLimits, passwordBytes: number): number {
  const fitting = Math.floor((limits.bytes - ACTION_BYTES) / (passwordBytes + ACTION_BYTES));
  return Math.max(1, Math.min(limits.connections, fitting));
}

/**
 * One action for each connection, so that a missing one fails alone. Unlike the single request this one writes the
 * type as well, so only connections of type docker are in it.
 */
export function bulkBody(connections: readonly ConnectionRecord[], password: Secret): object {
  const actions = connections.filter(isDocker).map(({ id }) => ({
    action: 'update',
    entities: [{ connection_id: id, conn_type: 'docker', password: password.reveal() }],
    action_on_non_existence: 'fail',
  }));
  return { actions };
}

/** @throws RefreshFailure StoreRequestRejected: whoever asks for more than `bulkLimit` goes on one by one */
export function assertSize(attempt: RequestContext, body: object, limits: BulkLimits): void {
  const { length } = (body as { actions: readonly unknown[] }).actions;
  if (length > limits.connections || Buffer.byteLength(JSON.stringify(body)) > limits.bytes) {
    throw failure('StoreRequestRejected', attempt, 'too much for one request; nothing was sent');
  }
}

/** @throws RefreshFailure when the request failed as a whole */
export function readOutcomes(
  attempt: RequestContext,
  connections: readonly ConnectionRecord[],
  answer: ApiResponse,
): readonly WriteResult[] {
  if (answer.status === 500) {
    // One transaction for all: nothing was written. One unreadable connection (Fernet) is enough; singles find it.
    throw failure('StoreRequestRejected', attempt, 'one of them may be unreadable for Airflow', 500);
  }
  if (answer.status !== 200) throw toResponseFailure(attempt, answer);
  const parsed = ANSWER.safeParse(answer.json);
  if (!parsed.success) throw notAirflow(attempt);
  const { success, errors } = parsed.data.update;
  const written = new Set(success);
  return connections.map((connection): WriteResult => {
    const { id } = connection;
    if (!isDocker(connection)) {
      const message = `Connection ${id} is not written: its type is not docker.`;
      return { id, outcome: 'failed', failure: new RefreshFailure('ConnectionTypeMismatch', message) };
    }
    if (written.has(id)) return { id, outcome: 'written' };
    return outcomeOfError(attempt, id, errors);
  });
}

function outcomeOfError(attempt: RequestContext, id: string, errors: readonly BulkError[]): WriteResult {
  const own: RequestContext = {
    airflow: attempt.airflow,
    action: `PATCH connection ${id}`,
    right: 'edit connections',
  };
  const error = errors.find((candidate) => namesConnection(candidate.error, id));
  if (error?.status_code === 404) return { id, outcome: 'missing' };
  const refusal = error
    ? toResponseFailure(own, { status: error.status_code, json: undefined })
    : failure('WriteUnconfirmed', own, 'Airflow did not say that it has written it');
  return { id, outcome: 'failed', failure: refusal };
}

function isDocker(connection: ConnectionRecord): boolean {
  return connection.type === 'docker';
}
