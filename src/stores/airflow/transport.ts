// The interface between Airflow's REST API and its transports: HTTP with a login, or MWAA.

export type MajorVersion = 2 | 3;

/** What a request does, for messages. */
export interface RequestContext {
  /** Name of the Airflow instance in the configuration. Its URL may come from a secret and is never shown. */
  readonly airflow: string;
  /** Such as `PATCH connection docker_default`. */
  readonly action: string;
  /** The permission that the action needs; absent when it needs none. */
  readonly permission?: 'read connections' | 'edit connections' | 'create connections' | 'read variables';
  /** The service through which the request is sent, if any. */
  readonly via?: 'MWAA';
}

export interface ApiRequest extends RequestContext {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/api/v2` or `/api/v1`, encoded, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Airflow requires no login for it. */
  readonly anonymous?: true;
}

/** May contain the request (as Airflow's 422 does): never copy any of it into a failure. */
export interface ApiResponse {
  readonly request: RequestContext;
  readonly status: number;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
}

/** The REST API of one Airflow instance. */
export interface AirflowApi {
  readonly major: MajorVersion;
  /** Limits of one bulk request. */
  readonly bulk: { readonly connections: number; readonly bytes: number };
  /** Returns responses of any status, except a rejected login. @throws only RefreshFailure */
  send(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>;
  /** With MWAA, the ARN of the AWS principal; null if it is not known. Never fails. */
  readPrincipal?(signal: AbortSignal): Promise<string | null>;
}

/** The APIs of each major version of Airflow; the version may have to be detected. */
export type AirflowApis = Readonly<Record<MajorVersion, AirflowApi>>;
