// The client of the commands. Separate from settings.ts, because the worker has its own connection and does not load
// this one.
import { Client, Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { readTemporalSettings, unavailable, type TemporalSettings } from './settings.js';

const CONNECT_LIMIT_MS = 10_000;

/** @throws TemporalUnavailable naming address, namespace and remedy */
export async function connectClient(
  settings: TemporalSettings,
): Promise<{ client: Client; close: () => Promise<void> }> {
  // It would print `E Failed to connect to …` itself; GRPC_VERBOSITY still shows it.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
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

/**
 * Calls with a connected client, and always closes it.
 * @throws TemporalUnavailable, also if the connection is lost during the call; other errors of the call unchanged
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

/** Converts the errors of a lost connection to TemporalUnavailable, and returns other errors unchanged. */
export function toUnavailable(settings: TemporalSettings, error: unknown): unknown {
  const isLost = error instanceof ServiceError || isGrpcServiceError(error);
  return isLost ? unavailable(settings, error.cause ?? error) : error;
}
