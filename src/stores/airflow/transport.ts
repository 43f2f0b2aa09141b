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

export interface ApiRequest extends RequestContext {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/api/v2` or `/api/v1`, encoded, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Airflow responds to it without a login. */
  readonly anonymous?: true;
}

/** May quote the request (Airflow's 422 does): never put any of it into a failure. */
export interface ApiResponse {
  readonly request: RequestContext;
  readonly status: number;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
}

/** The REST API of one Airflow. */
export interface AirflowApi {
  readonly major: MajorVersion;
  /** What one bulk request may hold. */
  readonly bulk: { readonly connections: number; readonly bytes: number };
  /** Any status of Airflow is a response, except a login that is rejected. @throws RefreshFailure alone */
  send(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>;
}

/** By the version of Airflow, which may have to be detected. */
export type AirflowApis = Readonly<Record<MajorVersion, AirflowApi>>;
