// Owns where Temporal is: address, namespace, TLS and API key, by the environment and temporal.toml as every
// Temporal tool reads them. Refuses to print what is in there beyond address and namespace.
import { status } from '@grpc/grpc-js';
import { Client, Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TemporalUnavailable } from './unavailable.js';

/** How long a server may take to answer at all. */
const CONNECT_LIMIT_MS = 10_000;

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

/** @throws TemporalUnavailable naming address, namespace and remedy */
export async function connectClient(
  settings: TemporalSettings,
): Promise<{ client: Client; close: () => Promise<void> }> {
  const connection = Connection.lazy({ ...settings.connectionOptions });
  try {
    await connection.withDeadline(Date.now() + CONNECT_LIMIT_MS, () =>
      connection.workflowService.describeNamespace({ namespace: settings.namespace }),
    );
  } catch (error) {
    await connection.close();
    throw unavailable(settings, error);
  }
  return {
    client: new Client({ connection, namespace: settings.namespace }),
    close: () => connection.close(),
  };
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

/**
 * Calls with a connected client, and closes it in any case.
 * @throws TemporalUnavailable, also when the connection is lost on the way; whatever the call throws beside that
 */
export async function withTemporalClient<T>(call: (client: Client) => Promise<T>): Promise<T> {
  const settings = readTemporalSettings();
  const { client, close } = await connectClient(settings);
  try {
    return await call(client);
  } catch (error) {
    throw toUnavailable(settings, error);
  } finally {
    await close();
  }
}

/** What a lost connection makes a client throw, as TemporalUnavailable; any other error as it is. */
export function toUnavailable(settings: TemporalSettings, error: unknown): unknown {
  const isLost = error instanceof ServiceError || isGrpcServiceError(error);
  return isLost ? unavailable(settings, error.cause ?? error) : error;
}
