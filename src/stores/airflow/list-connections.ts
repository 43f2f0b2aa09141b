// Reads a part of Airflow's connection list with one request.
import { CONNECTION_PATTERN, isConnectionId } from '../../refresh/connection-id.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import type { ConnectionPage, ListRange } from '../port.js';
import { CONNECTION, CONNECTION_LIST, parseResponse } from './response-schemas.js';
import type { AirflowApi, ApiRequest } from './transport.js';

export async function listConnections(
  airflow: string,
  api: AirflowApi,
  { pattern, offset, limit }: ListRange,
  signal: AbortSignal,
): Promise<ConnectionPage> {
  const isAny = /^\**$/.test(pattern);
  const matching = isAny ? '' : ` matching ${JSON.stringify(pattern)}`;
  const request: ApiRequest = {
    airflow,
    action: `GET connections ${offset + 1} to ${offset + limit}${matching}`,
    permission: 'read connections',
    method: 'GET',
    path: '/connections',
    query: {
      limit: `${limit}`,
      offset: `${offset}`,
      order_by: 'connection_id',
      ...(isAny || api.major === 2 ? {} : buildFilter(pattern)),
    },
  };
  const list = parseResponse(await api.send(request, signal), CONNECTION_LIST);
  const connections: ConnectionRecord[] = [];
  const malformed: { position: number; id?: string }[] = [];
  // If Airflow returns more rows than requested, the next page has them, too.
  for (const [index, row] of list.connections.slice(0, limit).entries()) {
    const parsed = CONNECTION.safeParse(row);
    if (parsed.success) connections.push(parsed.data);
    else malformed.push({ position: offset + index, ...findId(row) });
  }
  return { connections, malformed, total: list.total_entries, isComplete: api.major === 3 };
}

/**
 * Airflow's filter, since 3.0.0; Airflow 2 has none and rejects unknown parameters. It searches for the value
 * anywhere in the id with ILIKE, where `_` is a wildcard that cannot be escaped, so it may return more rows than
 * match. `|` and a lone `~` are also special, but cannot be in a pattern of the configuration.
 */
function buildFilter(pattern: string): { connection_id_pattern?: string } {
  if (!CONNECTION_PATTERN.test(pattern)) return {};
  return { connection_id_pattern: pattern.replaceAll('*', '%').replaceAll('?', '_') };
}

function findId(row: unknown): { id?: string } {
  const id = (row as { connection_id?: unknown } | null)?.connection_id;
  return typeof id === 'string' && isConnectionId(id) ? { id } : {};
}
