// Airflow 3's bulk request. Airflow returns 200 whatever happened, so the connections that it names are compared with
// those that were sent. `update_mask` is never used (ignored there, or an error), nor `skip` (missing ones vanish).
import { z } from 'zod';
import type { WriteResult } from '../port.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { RefreshFailure } from '../../refresh/failures.js';
import type { Secret } from '../../log/secret.js';
import { failure, notAirflow, toResponseFailure } from './response-errors.js';
import { namesConnection } from './response-texts.js';
import type { AirflowTransport, ApiResponse, BulkLimits, RequestContext } from './transport.js';

/** 100 connections take 0.2 s, and seconds where Airflow's secrets masker has many tokens. */
const TIMEOUT_MS = 15_000;
/** Bytes of an action besides the password: 127 of JSON and an id of up to 200 characters of four bytes. */
const ACTION_BYTES = 1024;

const RESPONSE = z.object({
  update: z.object({
    success: z.array(z.string()),
    errors: z.array(z.object({ error: z.string(), status_code: z.number().int() })),
  }),
});

type BulkError = z.output<typeof RESPONSE>['update']['errors'][number];

/**
 * Writes the password by as few requests as fit. Unlike the single request a bulk request also writes the type, so that
 * only connections of type docker are sent.
 * @throws RefreshFailure when the first request fails as a whole
 */
export async function writeInBulk(
  airflow: string,
  transport: AirflowTransport,
  records: readonly ConnectionRecord[],
  password: Secret,
  signal: AbortSignal,
): Promise<readonly WriteResult[]> {
  const ids = records.filter(({ type }) => type === 'docker').map(({ id }) => id);
  const size = getBulkSize(transport.bulk, Buffer.byteLength(password.reveal()));
  const results = new Map<string, WriteResult>();
  let unsent: RefreshFailure | undefined;
  for (let start = 0; start < ids.length; start += size) {
    const part = ids.slice(start, start + size);
    try {
      if (unsent) throw unsent;
      for (const result of await writePart(airflow, transport, part, password, signal)) {
        results.set(result.id, result);
      }
    } catch (error) {
      if (start === 0 || !(error instanceof RefreshFailure)) throw error;
      for (const id of part) results.set(id, { id, outcome: 'failed', failure: error });
      if (!isOfOneRequest(error)) unsent = error;
    }
  }
  return records.map((record) => results.get(record.id) ?? rejectType(airflow, record));
}

/** The most connections that one request may hold for a password of this many bytes. */
function getBulkSize(limits: BulkLimits, passwordBytes: number): number {
  const fitting = Math.floor((limits.bytes - ACTION_BYTES) / (passwordBytes + ACTION_BYTES));
  return Math.max(1, Math.min(limits.connections, fitting));
}

/** Whether another request may succeed: one connection that cannot be decrypted fails its own request alone. */
function isOfOneRequest({ type }: RefreshFailure): boolean {
  return type === 'StoreUnavailable' || type === 'StoreRequestRejected';
}

/**
 * By one action for all, which costs Airflow three quarters of one action for each. It applies none of them where one is
 * missing: then by an action for each, so that a missing one fails alone.
 */
async function writePart(
  airflow: string,
  transport: AirflowTransport,
  ids: readonly string[],
  password: Secret,
  signal: AbortSignal,
): Promise<readonly WriteResult[]> {
  const action = `PATCH ${ids.length} connections`;
  const context: RequestContext = { airflow, action, permission: 'edit connections' };

  async function send(groups: readonly (readonly string[])[]): Promise<readonly WriteResult[]> {
    const json = { actions: groups.map((group) => toAction(group, password)) };
    const request = { method: 'PATCH', path: '/connections', json, timeoutMs: TIMEOUT_MS } as const;
    return parseResults(context, ids, await transport.send(context, request, signal));
  }

  const results = await send([ids]);
  if (results.every(({ outcome }) => outcome === 'written')) return results;
  return send(ids.map((id) => [id]));
}

function toAction(ids: readonly string[], password: Secret): object {
  return {
    action: 'update',
    entities: ids.map((id) => ({ connection_id: id, conn_type: 'docker', password: password.reveal() })),
    action_on_non_existence: 'fail',
  };
}

function parseResults(
  context: RequestContext,
  ids: readonly string[],
  response: ApiResponse,
): readonly WriteResult[] {
  if (response.status !== 200) throw toResponseFailure(context, response);
  const parsed = RESPONSE.safeParse(response.json);
  if (!parsed.success) throw notAirflow(context);
  const { success, errors } = parsed.data.update;
  const written = new Set(success);
  return ids.map((id) =>
    written.has(id) ? { id, outcome: 'written' } : toErrorResult(context.airflow, id, errors),
  );
}

function toErrorResult(airflow: string, id: string, errors: readonly BulkError[]): WriteResult {
  const context: RequestContext = {
    airflow,
    action: `PATCH connection ${id}`,
    permission: 'edit connections',
  };
  const error = errors.find((candidate) => namesConnection(candidate.error, id));
  if (error?.status_code === 404) return { id, outcome: 'missing' };
  // The format of the whole response is Airflow's.
  const cause = error
    ? toResponseFailure(context, { status: error.status_code, json: { detail: '' } })
    : failure('WriteUnconfirmed', context, 'Airflow did not confirm the write');
  return { id, outcome: 'failed', failure: cause };
}

function rejectType(airflow: string, { id }: ConnectionRecord): WriteResult {
  const message = `Airflow ${airflow}: connection ${id} is not written: its type is not docker`;
  return { id, outcome: 'failed', failure: new RefreshFailure('ConnectionTypeMismatch', message) };
}
