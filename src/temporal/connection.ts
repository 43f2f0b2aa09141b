// The client of the commands. Apart from settings.ts, as the worker has a connection of its own and need not load this one.
import { Client, Connection, isGrpcServiceError, ServiceError } from '@temporalio/client';
import { readTemporalSettings, unavailable, type TemporalSettings } from './settings.js';

/** How long a server may take to answer at all. */
const CONNECT_LIMIT_MS = 10_000;

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
