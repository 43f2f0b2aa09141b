// Connections and Variables of one Airflow instance through its REST API. REST v1 and v2 differ only in the body of a
// write, bulk requests, and the list filter.
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
import { nameConnection } from '../../refresh/connection-id.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { ECR_USER } from '../../refresh/token.js';
import type { Secret } from '../../log/secret.js';
import type { ApiVersion } from './api-version.js';
import { writeInBulk } from './bulk-write.js';
import { findOverrides } from './find-overrides.js';
import { listConnections } from './list-connections.js';
import { failure, toFrontFailure } from './response-errors.js';
import { CONNECTION, parseResponse, VARIABLE } from './response-schemas.js';
import { hasAirflowFormat, isMissing } from './response-texts.js';
import type { AirflowApi, ApiRequest, ApiResponse, RequestContext } from './transport.js';

export class AirflowStore implements ConnectionStore, VariableSource {
  readonly #name: string;
  readonly #version: ApiVersion;
  readonly readPrincipal?: (signal: AbortSignal) => Promise<string | null>;

  constructor(name: string, version: ApiVersion, readPrincipal: AirflowApi['readPrincipal']) {
    this.#name = name;
    this.#version = version;
    if (readPrincipal) this.readPrincipal = readPrincipal;
  }

  async check(signal: AbortSignal): Promise<string> {
    return `version ${await this.#version.request(signal)}`;
  }

  async read(id: string, signal: AbortSignal): Promise<ConnectionRecord | undefined> {
    const request = this.#describeOne('GET', 'connection', id, 'read connections');
    return this.#version.use(signal, async (api) => {
      const response = await api.send(request, signal);
      if (isMissing(response, 'connection')) return undefined;
      return parseConnection(response, id);
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
    if (more.length > 0) return this.#writeMany(records, password, signal);
    return [await this.#writeOne(record, password, signal)];
  }

  /** Uses `update_mask`, so that the id and type in the body are not written. */
  async #writeOne(
    { id, type }: ConnectionRecord,
    password: Secret,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const request = this.#describeOne('PATCH', 'connection', id, 'edit connections');
    assertPassword(request, password);
    return this.#version.use(signal, async (api) => {
      const secret = { password: password.reveal() };
      // Airflow 3 requires id and type in the body.
      const json = api.major === 3 ? { connection_id: id, conn_type: type, ...secret } : secret;
      // If the mask has a typo or is a comma-separated list, v2 returns 200 and changes nothing.
      const response = await api.send({ ...request, query: { update_mask: 'password' }, json }, signal);
      if (isMissing(response, 'connection')) return { id, outcome: 'missing' };
      return { id, outcome: 'written', record: parseResponse(response, CONNECTION) };
    });
  }

  async #writeMany(
    records: readonly ConnectionRecord[],
    password: Secret,
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]> {
    const context: RequestContext = { airflow: this.#name, action: `PATCH ${records.length} connections` };
    assertPassword(context, password);
    const results = await this.#version.use(signal, async (api) =>
      api.major === 3 ? writeInBulk(this.#name, api, records, password, signal) : undefined,
    );
    if (results) return results;
    throw failure('StoreRequestRejected', context, 'Airflow 2 does not support bulk requests');
  }

  async create(
    { id, host, description }: NewConnection,
    password: Secret,
    signal: AbortSignal,
  ): Promise<'created' | 'exists'> {
    const request: ApiRequest = {
      airflow: this.#name,
      action: `POST connection ${id}`,
      permission: 'create connections',
      method: 'POST',
      path: '/connections',
      json: {
        connection_id: id,
        conn_type: 'docker',
        host,
        login: ECR_USER,
        description,
        password: password.reveal(),
      },
    };
    assertPassword(request, password);
    return this.#version.use(signal, async (api) => {
      const response = await api.send(request, signal);
      if (response.status === 409 && hasAirflowFormat(response)) return 'exists';
      // A login page with 200 must not count as a created connection.
      parseConnection(response, id);
      return 'created';
    });
  }

  async readVariable(key: string, signal: AbortSignal): Promise<string | undefined> {
    const request = this.#describeOne('GET', 'variable', key, 'read variables');
    return this.#version.use(signal, async (api) => {
      const response = await api.send(request, signal);
      return isMissing(response, 'variable') ? undefined : parseResponse(response, VARIABLE).value;
    });
  }

  async findOverrides(candidates: readonly OverrideCandidate[], signal: AbortSignal): Promise<Overrides> {
    return this.#version
      .use(signal, (api) => findOverrides(this.#name, api, candidates, signal))
      .catch(() => ({ backends: [], hidden: [] }));
  }

  /** Builds the request for one connection or Variable. */
  #describeOne(
    method: 'GET' | 'PATCH',
    what: 'connection' | 'variable',
    id: string,
    permission: RequestContext['permission'] & string,
  ): ApiRequest {
    const context: RequestContext = { airflow: this.#name, action: `${method} ${what} ${id}`, permission };
    // `.` and `..` match Airflow's pattern for ids, but would change the path of the URL. Half of a surrogate pair
    // cannot be in a URL.
    if (/^\.{0,2}$|\p{Cs}/u.test(id)) {
      throw failure('StoreRequestRejected', context, `${JSON.stringify(id)} is not a valid id`);
    }
    return { ...context, method, path: `/${what}s/${encodeURIComponent(id)}` };
  }
}

/** @throws RefreshFailure unless the response is this connection */
function parseConnection(response: ApiResponse, id: string): ConnectionRecord {
  const record = parseResponse(response, CONNECTION);
  if (record.id === id) return record;
  throw toFrontFailure(response.request, `Airflow returned ${nameConnection(record.id)} instead of ${id}`);
}

/**
 * The last check before a write. For an empty or masked password, Airflow 3 returns 200 and keeps the old one;
 * Airflow 2 and 3.0.0 store the mask.
 */
function assertPassword(context: RequestContext, password: Secret): void {
  if (/^\**$/.test(password.reveal().trim())) {
    throw failure('EcrResponseInvalid', context, 'the ECR token is empty or masked, so it was not written');
  }
}
