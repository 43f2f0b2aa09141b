// The connection of the worker: the native one of the SDK, which workers require.
import { NativeConnection, TransportError } from '@temporalio/worker';
import { DeadlineExceeded, withDeadline } from '../../net/deadline.js';
import { toNativeOptions } from '../connect-options.js';
import { listSecrets, removeSecrets, toQuote } from '../outside-text.js';
import type { TemporalSettings } from '../settings/settings.js';
import { formatTemporal, TemporalUnavailable } from '../unavailable.js';
import { checkAccess } from './access-check.js';

const CONNECT_LIMIT_MS = 15_000;

export interface WorkerConnection {
  readonly connection: NativeConnection;
  /** The settings that it was made with. */
  readonly settings: TemporalSettings;
  /**
   * Why Temporal does not describe the namespace, although polls are allowed: not every server or proxy allows the
   * question. Undefined if it does.
   */
  readonly undescribed: TemporalUnavailable | undefined;
}

/** @throws TemporalUnavailable */
export async function connectWorker(
  settings: TemporalSettings,
  taskQueue: string,
): Promise<WorkerConnection> {
  const undescribed = await checkAccess(settings, taskQueue);
  const connecting = NativeConnection.connect(toNativeOptions(settings));
  try {
    const connection = await withDeadline(CONNECT_LIMIT_MS, undefined, () => connecting);
    return { connection, settings, undescribed };
  } catch (error) {
    // It may still succeed after the limit.
    connecting.then((late) => late.close()).catch(() => {});
    throw toNativeProblem(settings, error);
  }
}

/** Returns other errors unchanged. */
function toNativeProblem(settings: TemporalSettings, error: unknown): unknown {
  const place = `${formatTemporal(settings)}: the native client of the SDK`;
  if (error instanceof DeadlineExceeded) return new TemporalUnavailable('timed-out', `${place} timed out`);
  if (!(error instanceof TransportError)) return error;
  // The text is that of the TLS library, about certificates.
  const text = toQuote(removeSecrets(error.message, listSecrets(settings)));
  return new TemporalUnavailable('native-client', `${place} cannot connect: ${text}`);
}
