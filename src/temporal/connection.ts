// The client of the commands, and of the worker's checks: the worker itself has the native connection of the SDK.
import { Client, Connection } from '@temporalio/client';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { classifyError, isConnectionError } from './classify-error.js';
import { toClientOptions } from './connect-options.js';
import { DATA_CONVERTER } from './data-converter.js';
import { findUnreachable } from './find-unreachable.js';
import { readTemporalSettings, type TemporalSettings } from './settings/settings.js';

/** For a server or network that restarts. */
const CONNECT_RETRY_MS = 10_000;

const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

/** No call waits longer, also if the server or a proxy is silent. */
const CALL_LIMITS = {
  methodConfig: [
    { name: [{}], timeout: '10s' },
    // Temporal answers it when the run ends, or with an empty response after at most a minute.
    { name: [{ service: SERVICE, method: 'GetWorkflowExecutionHistory' }], timeout: '90s' },
  ],
};

export interface ConnectedClient {
  readonly client: Client;
  readonly close: () => Promise<void>;
}

/**
 * @param retryForMs milliseconds to retry what a restart of the server can cause
 * @throws TemporalUnavailable naming address, namespace, cause and remedy
 */
export async function connectClient(
  settings: TemporalSettings,
  retryForMs = CONNECT_RETRY_MS,
): Promise<ConnectedClient> {
  // It would print `E Failed to connect to …` itself; GRPC_VERBOSITY still shows it.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  const unreachable = await findUnreachable(settings, retryForMs);
  if (unreachable) throw unreachable;
  const options = toClientOptions(settings);
  const connection = Connection.lazy({
    ...options,
    channelArgs: { ...options.channelArgs, 'grpc.service_config': JSON.stringify(CALL_LIMITS) },
  });
  return {
    client: new Client({ connection, namespace: settings.namespace, dataConverter: DATA_CONVERTER }),
    close: () => connection.close(),
  };
}

/**
 * Calls with a connected client, and always closes it.
 * @throws TemporalUnavailable, also if a call fails later; errors that do not come from Temporal unchanged
 */
export async function withTemporalClient<T>(call: (client: Client) => Promise<T>): Promise<T> {
  const settings = readTemporalSettings();
  const { client, close } = await connectClient(settings);
  try {
    return await call(client);
  } catch (error) {
    throw await toUnavailable(settings, error);
  } finally {
    await close();
  }
}

/** Converts the error of a call to TemporalUnavailable, with the cause of a lost connection. Returns others unchanged. */
export async function toUnavailable(settings: TemporalSettings, error: unknown): Promise<unknown> {
  const unreachable = isConnectionError(error) ? await findUnreachable(settings, 0) : undefined;
  return unreachable ?? classifyError(settings, error) ?? error;
}
