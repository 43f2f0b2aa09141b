// Owns the seam between what is said to Airflow's REST API and how it gets there: HTTP with a session, or MWAA.
// Refuses to know either: the API versions speak to a transport, and a transport knows no connections.
import type { Secret } from '../../log/secret.js';

/** What is being done, for the messages. */
export interface RequestContext {
  /** Name of the Airflow in the configuration. Its URL may come from a secret and is never shown. */
  readonly airflow: string;
  /** Such as `PATCH connection docker_default`. */
  readonly action: string;
  /** The right that the action takes; absent when it takes none. */
  readonly right?: 'read connections' | 'edit connections' | 'create connections' | 'read variables';
  /** The action concerns more connections than one. */
  readonly ofMany?: true;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Below `/api/v2` or `/api/v1`, encoded, without a query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Airflow answers it without a sign-in. */
  readonly anonymous?: true;
  /** Milliseconds; without it the transport's own limit. */
  readonly timeoutMs?: number;
}

/** May quote the request (Airflow's 422 does): read it, judge it, never put it into a failure. */
export interface ApiResponse {
  readonly status: number;
  /** The parsed body; undefined when it is no JSON. */
  readonly json: unknown;
}

/** What one bulk request may hold. */
export interface BulkLimits {
  readonly connections: number;
  readonly bytes: number;
}

/** A way to one Airflow. */
export interface AirflowTransport {
  readonly bulk: BulkLimits;
  /** Any status of Airflow is an answer, except a sign-in that is rejected for good. @throws RefreshFailure alone */
  send(attempt: RequestContext, request: ApiRequest, signal: AbortSignal): Promise<ApiResponse>;
}

/** One way to sign in to Airflow. Every method throws RefreshFailure alone. */
export interface AirflowCredential {
  /** Value of the `Authorization` header; signs in when there is none that will do. */
  authorize(signal: AbortSignal): Promise<Secret>;
  /**
   * Another value, since Airflow rejected this one. However many requests bring the same rejected value, there is
   * one new sign-in. The same value again says that there is no other.
   */
  renew(rejected: Secret, signal: AbortSignal): Promise<Secret>;
  /** What to say when Airflow rejects the renewed value as well. */
  readonly refusal: string;
  /** Authorize requests too that Airflow answers to anybody: what stands before it may not. */
  readonly always?: true;
}
