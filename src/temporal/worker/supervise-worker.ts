// Keeps the worker polling: waits for Temporal, follows replaced certificates and API keys, and ends the process when
// only a restart or a person can help.
import { setTimeout as delay } from 'node:timers/promises';
import { TransportError, type Worker } from '@temporalio/worker';
import { TemporalUnavailable, formatTemporal } from '../unavailable.js';
import { checkAccess, findProblem } from './access-check.js';
import { HEALTH_CHECK_INTERVAL_MS } from './health.js';
import { orStopped } from './or-stopped.js';
import { runUntilEnd } from './run-until-end.js';
import { withoutValidation } from './skip-validation.js';
import { waitForTemporal, type Waiting } from './wait-for-temporal.js';
import type { WorkerConnection } from './worker-connection.js';
import { WorkerFailed } from './worker-failed.js';
import { WorkerLink } from './worker-link.js';

/** How soon a replaced certificate, key or API key is used, although the old one may still work. */
const RELOAD_INTERVAL_MS = 30_000;
const CREATION_RETRY_MS = 5_000;

export interface Supervision extends Waiting {
  readonly createWorker: (connection: WorkerConnection) => Promise<Worker>;
  /** The last error that the SDK logged about its worker. */
  readonly findWorkerError: () => unknown;
  /** Called when a worker starts to poll. */
  readonly onStart: () => void;
}

/**
 * Resolves when the worker is stopped.
 * @throws TemporalUnavailable when Temporal refuses the worker; WorkerFailed; what `createWorker` throws
 */
export async function superviseWorker(supervision: Supervision): Promise<void> {
  const { health, stop } = supervision;
  while (!stop.aborted) {
    const connected = await waitForTemporal(supervision);
    if (!connected) return;
    try {
      const worker = await orStopped(stop, createWorker(connected, supervision));
      if (!worker || stop.aborted) return;
      health.end();
      if ((await work(worker, connected, supervision)) === 'stopped') return;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      // The creation asks about the namespace again, and its error has no status.
      await close(connected);
      health.report(await explainCreation(connected, supervision));
      await delay(CREATION_RETRY_MS, undefined, { signal: stop }).catch(() => {});
    }
  }
}

async function createWorker(connected: WorkerConnection, supervision: Supervision): Promise<Worker> {
  const create = (): Promise<Worker> => supervision.createWorker(connected);
  return connected.undescribed ? withoutValidation(create) : create();
}

/** Why a worker could not be created, by the checks of the start. */
async function explainCreation(
  { settings }: WorkerConnection,
  { taskQueue }: Supervision,
): Promise<TemporalUnavailable> {
  try {
    await checkAccess(settings, taskQueue);
  } catch (error) {
    if (error instanceof TemporalUnavailable) return error;
    throw error;
  }
  const text = `${formatTemporal(settings)}: the server failed while the worker was created`;
  return new TemporalUnavailable('unavailable', text);
}

/**
 * Polls until the worker is stopped or fails.
 * @returns `reconnect` when another worker can work: with credentials that were replaced, or when the namespace is there
 *   again
 */
async function work(
  worker: Worker,
  connected: WorkerConnection,
  supervision: Supervision,
): Promise<'stopped' | 'reconnect'> {
  const { settings, health, logger, stop, taskQueue, findWorkerError, onStart } = supervision;
  const link = new WorkerLink(connected, supervision);
  const removeSecrets = (text: string): string => settings.removeSecrets(text);
  onStart();
  const refusal = watch(worker, link, supervision);
  try {
    const ended = runUntilEnd(worker, { stop, findError: findWorkerError, removeSecrets });
    await Promise.race([ended, refusal.occurred]);
    return 'stopped';
  } catch (error) {
    if (!(error instanceof WorkerFailed)) throw error;
    const problem = await findProblem(link.inUse.settings, taskQueue);
    if (link.hasNewCredentials()) {
      logger.info({ reason: (problem ?? error).message }, 'Temporal credentials replaced; reconnecting');
      return 'reconnect';
    }
    // A namespace that was deleted may be created again. Anything else is for the supervisor of the process.
    const isMissing = problem?.code === 'namespace-not-found';
    const start = isMissing ? await explainCreation(link.inUse, supervision) : problem;
    if (start?.code !== 'namespace-not-found') throw problem ?? error;
    health.report(start);
    return 'reconnect';
  } finally {
    refusal.endWatch();
    link.end();
    await close(link.inUse);
  }
}

/** A worker that has failed keeps its connection, which cannot be closed then. */
async function close({ connection }: WorkerConnection): Promise<void> {
  await connection.close().catch(() => {});
}

interface RefusalWatch {
  /** Rejects when Temporal refuses the certificate or API key, and no other one is there. */
  readonly occurred: Promise<never>;
  readonly endWatch: () => void;
}

/** Logs outages, and renews the connection of a running worker. */
function watch(worker: Worker, link: WorkerLink, { health, taskQueue }: Supervision): RefusalWatch {
  let fail: (error: unknown) => void = () => {};
  const occurred = new Promise<never>((_resolve, reject) => (fail = reject));
  occurred.catch(() => {});

  async function check(): Promise<void> {
    const { inUse } = link;
    const problem = await health.check(() => findProblem(inUse.settings, taskQueue));
    // The connection may have been renewed in the meantime.
    if (!problem?.isRefusal || link.inUse !== inUse) return;
    const refusal = await link.renew(worker, problem);
    if (refusal) fail(refusal);
  }

  const timers = [
    setInterval(() => void check().catch(fail), HEALTH_CHECK_INTERVAL_MS),
    setInterval(() => void link.renew(worker).catch(fail), RELOAD_INTERVAL_MS),
  ];
  return { occurred, endWatch: () => timers.forEach(clearInterval) };
}
