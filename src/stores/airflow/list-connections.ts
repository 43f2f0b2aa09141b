// A part of Airflow's list of connections, by one request.
import { isConnectionId } from '../../refresh/connection-rules.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import type { ConnectionPage, ListRange, MalformedRow } from '../port.js';
import { CONNECTION, CONNECTION_LIST, parseResponse } from './response-schemas.js';
import type { AirflowApi, RequestContext } from './transport.js';

export async function listConnections(
  airflow: string,
  { major, transport }: AirflowApi,
  range: ListRange,
  signal: AbortSignal,
): Promise<ConnectionPage> {
  const context: RequestContext = { airflow, action: describeRange(range), permission: 'read connections' };
  const query = {
    limit: `${range.limit}`,
    offset: `${range.offset}`,
    order_by: 'connection_id',
    ...(major === 3 ? buildFilter(range.pattern) : {}),
  };
  const response = await transport.send(context, { method: 'GET', path: '/connections', query }, signal);
  const { connections: rows, total_entries: total } = parseResponse(context, response, CONNECTION_LIST);
  const connections: ConnectionRecord[] = [];
  const malformed: MalformedRow[] = [];
  for (const [index, row] of rows.entries()) {
    const parsed = CONNECTION.safeParse(row);
    if (parsed.success) connections.push(parsed.data);
    else malformed.push({ position: range.offset + index, ...findId(row) });
  }
  return { connections, malformed, total, isComplete: major === 3 };
}

/**
 * Airflow's own filter, since 3.0.0; Airflow 2 has none and rejects parameters that it does not know. It looks for the
 * value anywhere in the id, by ILIKE, so that it may only narrow: in it `_` is a wildcard that cannot be escaped. `|` and
 * a lone `~` have a meaning, too, but cannot be in a pattern of the configuration.
 */
function buildFilter(pattern: string): { connection_id_pattern?: string } {
  if (/^\**$/.test(pattern) || !/^[\w.*?-]+$/.test(pattern)) return {};
  return { connection_id_pattern: pattern.replaceAll('*', '%').replaceAll('?', '_') };
}

function describeRange({ pattern, offset, limit }: ListRange): string {
  const matching = /^\**$/.test(pattern) ? '' : ` matching ${JSON.stringify(pattern)}`;
  return `GET connections ${offset + 1} to ${offset + limit}${matching}`;
}

function findId(row: unknown): { id?: string } {
  const id = (row as { connection_id?: unknown } | null)?.connection_id;
  return typeof id === 'string' && isConnectionId(id) ? { id } : {};
}
