// Where Temporal is: address, namespace, TLS and API key, from the environment and temporal.toml as every Temporal tool reads
// them. Nothing of it is printed but address and namespace.
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
    throw new TemporalUnavailable('settings-invalid', 'The settings of Temporal cannot be read');
  }
}

/** What a failed call to Temporal means, by its gRPC status. */
export function unavailable(settings: TemporalSettings, error: unknown): TemporalUnavailable {
  const { address, namespace } = settings;
  const place = `Temporal at ${address}, namespace ${namespace}`;
  switch ((error as { code?: unknown } | null)?.code) {
    case status.NOT_FOUND:
      return new TemporalUnavailable('namespace-not-found', `${place}: there is no such namespace`);
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return new TemporalUnavailable('access-denied', `${place}: access denied`);
    default:
      return new TemporalUnavailable('unreachable', `${place}: no answer`);
  }
}
