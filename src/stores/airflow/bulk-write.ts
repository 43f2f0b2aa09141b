// Bulk writes for Airflow 3. Airflow always returns 200, so the connections in the response are compared with those
// in the request. Not used: `update_mask` (ignored, or an error) and `skip` (missing connections are not reported).
import type { WriteResult } from '../port.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { RefreshFailure } from '../../refresh/failures.js';
import type { Secret } from '../../log/secret.js';
import { failure, toResponseFailure } from './response-errors.js';
import { BULK_UPDATE, parseResponse } from './response-schemas.js';
import { namesConnection } from './response-texts.js';
import type { AirflowApi, RequestContext } from './transport.js';

/** Maximum size of an action without the password: 127 bytes of JSON, and an id of 200 characters of four bytes. */
const ACTION_BYTES = 1024;

/**
 * Writes the password in as few requests as possible. Unlike a single request, a bulk request also writes the type,
 * so only connections of type docker are sent.
 * @throws RefreshFailure when the first request fails as a whole
 */
export async function writeInBulk(
  airflow: string,
  api: AirflowApi,
  records: readonly ConnectionRecord[],
  password: Secret,
  signal: AbortSignal,
): Promise<readonly WriteResult[]> {
  const ids = records.filter(({ type }) => type === 'docker').map(({ id }) => id);
  const fitting = Math.floor(api.bulk.bytes / (Buffer.byteLength(password.reveal()) + ACTION_BYTES));
  const size = Math.max(1, Math.min(api.bulk.connections, fitting));
  const results = new Map<string, WriteResult>();
  for (let start = 0; start < ids.length; start += size) {
    const part = ids.slice(start, start + size);
    try {
      const written = await writePart(airflow, api, part, password, signal);
      for (const result of written) results.set(result.id, result);
    } catch (error) {
      if (start === 0 || !(error instanceof RefreshFailure)) throw error;
      // A connection that cannot be decrypted fails only its own request; other failures would repeat in the next one.
      const isOfOneRequest = error.type === 'StoreUnavailable' || error.type === 'StoreRequestRejected';
      const failed = isOfOneRequest ? part : ids.slice(start);
      for (const id of failed) results.set(id, { id, outcome: 'failed', failure: error });
      if (!isOfOneRequest) break;
    }
  }
  return records.map((record) => results.get(record.id) ?? rejectType(airflow, record));
}

/**
 * First sends one action for all connections, which takes Airflow three quarters of the time of one action per
 * connection. If a connection is missing, Airflow writes none of them. A second request then has one action per
 * connection, so that only the missing one fails.
 */
async function writePart(
  airflow: string,
  api: AirflowApi,
  ids: readonly string[],
  password: Secret,
  signal: AbortSignal,
): Promise<readonly WriteResult[]> {
  const context: RequestContext = {
    airflow,
    action: `PATCH ${ids.length} connections`,
    permission: 'edit connections',
  };

  async function send(groups: readonly (readonly string[])[]): Promise<readonly WriteResult[]> {
    const json = { actions: groups.map((group) => toAction(group, password)) };
    const response = await api.send({ ...context, method: 'PATCH', path: '/connections', json }, signal);
    const { success, errors } = parseResponse(response, BULK_UPDATE).update;
    return ids.map((id) => {
      if (success.includes(id)) return { id, outcome: 'written' };
      const error = errors.find((candidate) => namesConnection(candidate.error, id));
      return toErrorResult({ ...context, action: `PATCH connection ${id}` }, id, error?.status_code);
    });
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

/** @param status that Airflow reports for the connection, if any */
function toErrorResult(request: RequestContext, id: string, status: number | undefined): WriteResult {
  if (status === 404) return { id, outcome: 'missing' };
  const cause =
    status === undefined
      ? failure('WriteUnconfirmed', request, 'Airflow did not confirm the write')
      : // An empty `detail` marks the error as Airflow's own, since the whole response has Airflow's format.
        toResponseFailure({ request, status, json: { detail: '' } });
  return { id, outcome: 'failed', failure: cause };
}

function rejectType(airflow: string, { id }: ConnectionRecord): WriteResult {
  const message = `Airflow ${airflow}: connection ${id} was not changed: its type is not docker`;
  return { id, outcome: 'failed', failure: new RefreshFailure('ConnectionTypeMismatch', message) };
}
