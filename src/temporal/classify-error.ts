// Converts an error of a call to Temporal, from either client of the SDK.
import { status } from '@grpc/grpc-js';
import { NamespaceNotFoundError } from '@temporalio/common';
import { findGrpcError } from './grpc-status.js';
import { listSecrets, removeSecrets, toQuote } from './outside-text.js';
import type { TemporalSettings } from './settings/settings.js';
import { formatTemporal, TemporalUnavailable, type TemporalReason } from './unavailable.js';

const CALL_REASONS: Readonly<Partial<Record<status, readonly [TemporalReason, string]>>> = {
  [status.PERMISSION_DENIED]: ['permission-denied', 'permission denied'],
  [status.UNAUTHENTICATED]: ['unauthenticated', 'not authenticated'],
  [status.UNIMPLEMENTED]: ['unimplemented', 'the server does not support the call'],
  [status.RESOURCE_EXHAUSTED]: ['throttled', 'the server throttled the call'],
  [status.DEADLINE_EXCEEDED]: ['call-timed-out', 'the call timed out'],
  // The native client reports its own time limit as this.
  [status.CANCELLED]: ['call-timed-out', 'the call timed out or was canceled'],
  [status.UNAVAILABLE]: ['unavailable', 'the server is unavailable'],
  [status.INVALID_ARGUMENT]: ['call-rejected', 'the server rejected the call'],
  [status.FAILED_PRECONDITION]: ['call-rejected', 'the server rejected the call'],
  [status.OUT_OF_RANGE]: ['call-rejected', 'the server rejected the call'],
  [status.ALREADY_EXISTS]: ['call-rejected', 'the server rejected the call'],
  [status.NOT_FOUND]: ['call-rejected', 'the server did not find the requested object'],
};

/** The call did not reach a server, or its response did not arrive: the connection may have failed. */
const CONNECTION_STATUSES: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
]);

/** Undefined for an error that does not come from a call to Temporal. */
export function classifyError(settings: TemporalSettings, error: unknown): TemporalUnavailable | undefined {
  const place = formatTemporal(settings);
  if (error instanceof NamespaceNotFoundError) {
    return new TemporalUnavailable('namespace-not-found', `${place}: namespace not found`);
  }
  const grpc = findGrpcError(error);
  if (!grpc) return undefined;
  const [code, text] = CALL_REASONS[grpc.code] ?? ['server-error', 'the server returned an error'];
  const details = formatDetails(grpc.details, settings);
  return new TemporalUnavailable(
    code,
    `${place}: ${text} (gRPC status ${grpc.code} ${status[grpc.code] ?? 'unknown'}${details})`,
  );
}

export function isConnectionError(error: unknown): boolean {
  const grpc = findGrpcError(error);
  return grpc !== undefined && CONNECTION_STATUSES.has(grpc.code);
}

/** What the server says, in one line. */
function formatDetails(details: string, settings: TemporalSettings): string {
  const line = toQuote(removeSecrets(details, listSecrets(settings)));
  return line === '' ? '' : `: ${line}`;
}
