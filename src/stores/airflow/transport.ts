// The interface between the calls of Airflow's REST API and how they get there: HTTP with a login, or MWAA.

export type MajorVersion = 2 | 3;

/** What is being done, for the messages. */
export interface RequestContext {
  /** Name of the Airflow in the configuration. Its URL may come from a secret and is never shown. */
  readonly airflow: string;
  /** Such as `PATCH connection docker_default`. */
  readonly action: string;
  /** The permission that the action needs; absent when it needs none. */
  readonly permission?: 'read connections' | 'edit connections' | 'create connections' | 'read variables';
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/api/v2` or `/api/v1`, encoded, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Airflow responds to it without a login. */
  readonly anonymous?: true;
  /** Milliseconds; default: the transport's own limit, which it does not exceed. */
  readonly timeoutMs?: number;
}

/** May quote the request (Airflow's 422 does): never put any of it into a failure. */
export interface ApiResponse {
  readonly status: number;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
}

/** What one bulk request may hold. */
export interface BulkLimits {
  readonly connections: number;
  readonly bytes: number;
}

export interface AirflowTransport {
  readonly bulk: BulkLimits;
  /** Any status of Airflow is a response, except a login that is rejected. @throws RefreshFailure alone */
  send(context: RequestContext, request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>;
}

/** The REST API of one Airflow. */
export interface AirflowApi {
  readonly major: MajorVersion;
  readonly transport: AirflowTransport;
}
