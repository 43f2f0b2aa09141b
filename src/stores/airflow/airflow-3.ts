// Owns what is particular to the REST API of Airflow 3 (/api/v2): the body of the single write, and bulk requests.
// Refuses every write of an existing connection but that of its password.
import type { WriteResult } from '../port.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import type { Secret } from '../../log/secret.js';
import type { RequestContext } from './transport.js';
import { bulkBody, bulkLimit, readOutcomes, assertSize } from './bulk.js';
import { assertPassword, createRestCalls, type AirflowStore, type RestOptions } from './rest-api.js';
import { createOverrideFinder } from './find-overrides.js';

/** Airflow needs 1 ms for each connection, and seconds for its secrets masker, whose cost falls on this request. */
const BULK_TIMEOUT_MS = 60_000;

const OVERRIDE_SETTINGS = {
  backends: [
    ['secrets', 'backend'],
    ['workers', 'secrets_backend'],
  ],
  compares: true,
} as const;

/** The REST API of one Airflow 3. Every method throws RefreshFailure alone, as the port says. */
export function createAirflow3(options: RestOptions): AirflowStore {
  const { name, transport } = options;
  const { writeOne, ...calls } = createRestCalls(options);

  async function writeMany(
    records: readonly ConnectionRecord[],
    password: Secret,
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]> {
    const action = `PATCH ${records.length} connections`;
    const attempt: RequestContext = { airflow: name, action, right: 'edit connections', ofMany: true };
    assertPassword(attempt, password);
    const json = bulkBody(records, password);
    assertSize(attempt, json, transport.bulk);
    const request = { method: 'PATCH', path: '/connections', json, timeoutMs: BULK_TIMEOUT_MS } as const;
    return readOutcomes(attempt, records, await transport.send(attempt, request, signal));
  }

  return {
    ...calls,
    findOverrides: createOverrideFinder(options, OVERRIDE_SETTINGS),
    async maxRecordsPerWrite(passwordBytes) {
      return bulkLimit(transport.bulk, passwordBytes);
    },
    async write(records, password, signal) {
      const [record, ...more] = records;
      if (!record || more.length > 0) return writeMany(records, password, signal);
      // Id and type are required by the schema; with the mask they are not written.
      const body = { connection_id: record.id, conn_type: record.type, password: password.reveal() };
      return writeOne(record, password, body, signal);
    },
  };
}
