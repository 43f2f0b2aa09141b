// The connection of a running worker, renewed when an API key, certificate or key was replaced.
import type { Worker } from '@temporalio/worker';
import type { Logger } from '../../log/logger.js';
import type { TemporalSettings } from '../settings/settings.js';
import { TemporalUnavailable } from '../unavailable.js';
import { isSameConnection, type CurrentSettings } from './current-settings.js';
import { connectWorker, type WorkerConnection } from './worker-connection.js';

/** Polls in progress use the connection that they were started with, for about a minute. */
const POLLS_END_MS = 2 * 60_000;

export interface LinkOptions {
  readonly settings: CurrentSettings;
  readonly logger: Logger;
  readonly taskQueue: string;
}

export class WorkerLink {
  readonly #settings: CurrentSettings;
  readonly #logger: Logger;
  readonly #taskQueue: string;
  readonly #connect: typeof connectWorker;
  #inUse: WorkerConnection;
  #renewedMs = -Infinity;
  #isRenewing = false;
  #hasEnded = false;
  /** New settings that do not work, and why. */
  #failed: { readonly settings: TemporalSettings; readonly problem: TemporalUnavailable } | undefined;

  /** @param connect replaced in tests */
  constructor(
    inUse: WorkerConnection,
    { settings, logger, taskQueue }: LinkOptions,
    connect = connectWorker,
  ) {
    this.#connect = connect;
    this.#inUse = inUse;
    this.#settings = settings;
    this.#logger = logger;
    this.#taskQueue = taskQueue;
  }

  get inUse(): WorkerConnection {
    return this.#inUse;
  }

  /**
   * Reads variables and files again. True also while files are being replaced, and while polls may still use the
   * credentials of before.
   */
  hasNewCredentials(): boolean {
    const latest = this.#settings.reload();
    const isRecent = performance.now() - this.#renewedMs < POLLS_END_MS;
    return isRecent || this.#settings.areIncomplete || !isSameConnection(latest, this.#inUse.settings);
  }

  /** The worker has ended: its connection is not replaced any more. */
  end(): void {
    this.#hasEnded = true;
  }

  /**
   * Connects with what is in variables and files now, if it has changed.
   * @param problem of the credentials in use
   * @returns the refusal by Temporal, if neither the credentials in use nor the latest ones work
   */
  async renew(worker: Worker, problem?: TemporalUnavailable): Promise<TemporalUnavailable | undefined> {
    const latest = this.#settings.reload();
    if (this.#isRenewing) return undefined;
    if (isSameConnection(latest, this.#inUse.settings)) {
      return this.#settings.areIncomplete ? undefined : problem;
    }
    // Each failed connection of the native client keeps some open files.
    if (this.#findFailure(latest)?.code === 'native-client') return problem;
    this.#isRenewing = true;
    try {
      const next = await this.#connect(latest, this.#taskQueue);
      if (this.#hasEnded || worker.getState() !== 'RUNNING') {
        await next.connection.close();
        return undefined;
      }
      worker.connection = next.connection;
      closeLater(this.#inUse);
      this.#inUse = next;
      this.#renewedMs = performance.now();
      this.#logger.info({}, 'Temporal credentials replaced; connection renewed');
    } catch (error) {
      if (!(error instanceof TemporalUnavailable)) throw error;
      if (problem && error.isRefusal) return error;
      // The connection in use may still work; the next check tries again.
      if (!this.#findFailure(latest)) {
        const { code, message: reason } = error;
        this.#logger.warn({ code, reason }, 'new Temporal credentials do not work yet');
      }
      this.#failed = { settings: latest, problem: error };
    } finally {
      this.#isRenewing = false;
    }
    return undefined;
  }

  #findFailure(settings: TemporalSettings): TemporalUnavailable | undefined {
    return this.#failed && isSameConnection(settings, this.#failed.settings)
      ? this.#failed.problem
      : undefined;
  }
}

function closeLater({ connection }: WorkerConnection): void {
  setTimeout(() => void connection.close().catch(() => {}), POLLS_END_MS).unref();
}
