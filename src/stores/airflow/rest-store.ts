// An Airflow's connections and Variables through its REST API. REST v1 and v2 take the same requests but for the body of
// a write, bulk requests, and the filter of the list.
import type {
  ConnectionPage,
  ConnectionStore,
  ListRange,
  NewConnection,
  OverrideCandidate,
  Overrides,
  VariableSource,
  WriteResult,
} from '../port.js';
import { isConnectionId } from '../../refresh/connection-rules.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { ECR_USER } from '../../refresh/token.js';
import type { Secret } from '../../log/secret.js';
import { readVersion, type ApiVersion } from './api-version.js';
import { writeInBulk } from './bulk-write.js';
import { findOverrides } from './find-overrides.js';
import { listConnections } from './list-connections.js';
import { failure, FRONT_REMEDY, isMissing, toResponseFailure } from './response-errors.js';
import { CONNECTION, parseResponse, VARIABLE } from './response-schemas.js';
import type { AirflowApi, RequestContext } from './transport.js';

export class AirflowStore implements ConnectionStore, VariableSource {
  readonly #name: string;
  readonly #version: ApiVersion;

  constructor(name: string, version: ApiVersion) {
    this.#name = name;
    this.#version = version;
  }

  async check(signal: AbortSignal): Promise<string> {
    return this.#version.use(
      signal,
      async ({ transport }) => `version ${await readVersion(this.#name, transport, signal)}`,
    );
  }

  async read(id: string, signal: AbortSignal): Promise<ConnectionRecord | undefined> {
    const context = this.#describe(`GET connection ${id}`, 'read connections');
    const path = toPath(context, 'connections', id);
    return this.#version.use(signal, async ({ transport }) => {
      const response = await transport.send(context, { method: 'GET', path }, signal);
      if (isMissing(response, 'connection')) return undefined;
      const record = parseResponse(context, response, CONNECTION);
      if (record.id === id) return record;
      const other = isConnectionId(record.id) ? `connection ${record.id}` : 'another connection';
      const reason = `Airflow returned ${other} when asked for ${id}`;
      throw failure('StoreUnavailable', context, reason, undefined, FRONT_REMEDY);
    });
  }

  async readPage(range: ListRange, signal: AbortSignal): Promise<ConnectionPage> {
    return this.#version.use(signal, (api) => listConnections(this.#name, api, range, signal));
  }

  async write(
    records: readonly ConnectionRecord[],
    password: Secret,
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]> {
    const [record, ...more] = records;
    if (!record) return [];
    const action =
      more.length === 0 ? `PATCH connection ${record.id}` : `PATCH ${records.length} connections`;
    const context = this.#describe(action, 'edit connections');
    assertPassword(context, password);
    const results = await this.#version.use(signal, async (api) => {
      if (more.length === 0) return [await writeOne(context, api, record, password, signal)];
      return api.major === 3 ? writeInBulk(this.#name, api.transport, records, password, signal) : undefined;
    });
    if (results) return results;
    throw failure('StoreRequestRejected', context, 'Airflow 2 has no bulk request');
  }

  async create(
    { id, host, description }: NewConnection,
    password: Secret,
    signal: AbortSignal,
  ): Promise<'created' | 'exists'> {
    const context = this.#describe(`POST connection ${id}`, 'create connections');
    assertPassword(context, password);
    const json = {
      connection_id: id,
      conn_type: 'docker',
      host,
      login: ECR_USER,
      description,
      password: password.reveal(),
    };
    return this.#version.use(signal, async ({ transport }) => {
      const response = await transport.send(context, { method: 'POST', path: '/connections', json }, signal);
      // 201 from v2, 200 from v1.
      if (response.status === 201 || response.status === 200) return 'created';
      if (response.status === 409) return 'exists';
      throw toResponseFailure(context, response);
    });
  }

  async readVariable(key: string, signal: AbortSignal): Promise<string | undefined> {
    const context = this.#describe(`GET variable ${key}`, 'read variables');
    const path = toPath(context, 'variables', key);
    return this.#version.use(signal, async ({ transport }) => {
      const response = await transport.send(context, { method: 'GET', path }, signal);
      return isMissing(response, 'variable') ? undefined : parseResponse(context, response, VARIABLE).value;
    });
  }

  async findOverrides(candidates: readonly OverrideCandidate[], signal: AbortSignal): Promise<Overrides> {
    return findOverrides(this.#name, this.#version, candidates, signal);
  }

  #describe(action: string, permission: RequestContext['permission'] & string): RequestContext {
    return { airflow: this.#name, action, permission };
  }
}

/** By a mask, under which neither the id nor the type of the body is written. */
async function writeOne(
  context: RequestContext,
  { major, transport }: AirflowApi,
  { id, type }: ConnectionRecord,
  password: Secret,
  signal: AbortSignal,
): Promise<WriteResult> {
  const secret = { password: password.reveal() };
  const response = await transport.send(
    context,
    {
      method: 'PATCH',
      path: toPath(context, 'connections', id),
      // A typo in the mask, or a comma list, makes v2 return 200 and change nothing.
      query: { update_mask: 'password' },
      // The schema of Airflow 3 requires id and type.
      json: major === 3 ? { connection_id: id, conn_type: type, ...secret } : secret,
    },
    signal,
  );
  if (isMissing(response, 'connection')) return { id, outcome: 'missing' };
  return { id, outcome: 'written', record: parseResponse(context, response, CONNECTION) };
}

function toPath(context: RequestContext, collection: 'connections' | 'variables', id: string): string {
  // `.` and `..` match Airflow's own pattern for ids, and would lead the URL elsewhere.
  if (/^\.{0,2}$/.test(id)) {
    throw failure('StoreRequestRejected', context, `${JSON.stringify(id)} is not a valid id`);
  }
  return `/${collection}/${encodeURIComponent(id)}`;
}

/**
 * The last check before a write. Airflow 3 returns 200 to an empty or masked password and keeps the old one; Airflow 2 and
 * 3.0.0 store the mask.
 */
function assertPassword(context: RequestContext, password: Secret): void {
  if (/^\**$/.test(password.reveal().trim())) {
    throw failure('EcrResponseInvalid', context, 'an empty or masked password is never written');
  }
}
