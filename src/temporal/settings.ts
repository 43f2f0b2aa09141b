// Address, namespace, TLS and API key of Temporal, from the environment and temporal.toml, as Temporal's own tools read
// them. Only address and namespace are ever printed.
import { status } from '@grpc/grpc-js';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TemporalUnavailable } from './unavailable.js';

export type TemporalSettings = ReturnType<typeof readTemporalSettings>;

/** @throws TemporalUnavailable when temporal.toml or the TEMPORAL_* variables cannot be read */
export function readTemporalSettings() {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig();
    return {
      connectionOptions,
      address: connectionOptions.address ?? 'localhost:7233',
      namespace: namespace ?? 'default',
    };
  } catch {
    throw new TemporalUnavailable('settings-invalid', 'The Temporal settings cannot be read');
  }
}

/** Classifies a failed call to Temporal by its gRPC status. */
export function unavailable(settings: TemporalSettings, error: unknown): TemporalUnavailable {
  const { address, namespace } = settings;
  const place = `Temporal at ${address}, namespace ${namespace}`;
  switch ((error as { code?: unknown } | null)?.code) {
    case status.NOT_FOUND:
      return new TemporalUnavailable('namespace-not-found', `${place}: namespace not found`);
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return new TemporalUnavailable('access-denied', `${place}: access denied`);
    default:
      return new TemporalUnavailable('unreachable', `${place}: could not be reached`);
  }
}
