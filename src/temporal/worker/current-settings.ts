// The settings of Temporal while the worker runs: an API key, a certificate or a key that is replaced in its file takes
// effect without a restart.
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../log/logger.js';
import { listSecrets, removeSecrets } from '../outside-text.js';
import { readTemporalSettings, type TemporalSettings } from '../settings/settings.js';
import { formatSettingProblem, TemporalSettingsInvalid } from '../settings/settings-error.js';

const REPLACED_WITHIN_MS = 5 * 60_000;

export class CurrentSettings {
  readonly #logger: Logger;
  readonly #read: () => TemporalSettings;
  #current: TemporalSettings;
  #lastProblem: string | undefined;
  #invalidSinceMs: number | undefined;
  /** Also those that were replaced: they may still appear in a text of the SDK. */
  readonly #secrets = new Set<string>();

  /** @throws TemporalSettingsInvalid */
  constructor(logger: Logger, read: () => TemporalSettings = readTemporalSettings) {
    this.#logger = logger;
    this.#read = read;
    this.#current = read();
    this.#recordSecrets();
  }

  get current(): TemporalSettings {
    return this.#current;
  }

  /** One file is new and another is not, as after a replaced certificate before its key; for five minutes at most. */
  get areIncomplete(): boolean {
    return (
      this.#invalidSinceMs !== undefined && performance.now() - this.#invalidSinceMs < REPLACED_WITHIN_MS
    );
  }

  /** Reads variables and files again. Keeps the last valid settings: a rotation may replace one file after the other. */
  reload(): TemporalSettings {
    try {
      const { tls, apiKey, metadata } = this.#read();
      // The worker stays with the server and the namespace that it was started with.
      this.#current = { ...this.#current, tls, apiKey, metadata };
      this.#lastProblem = undefined;
      this.#invalidSinceMs = undefined;
      this.#recordSecrets();
    } catch (error) {
      if (!(error instanceof TemporalSettingsInvalid)) throw error;
      this.#invalidSinceMs ??= performance.now();
      this.#logOnce(error);
    }
    return this.#current;
  }

  /** For a text of the SDK, which may quote what a server or proxy returned. */
  removeSecrets(text: string): string {
    return removeSecrets(text, this.#secrets);
  }

  #recordSecrets(): void {
    for (const secret of listSecrets(this.#current)) this.#secrets.add(secret);
  }

  #logOnce({ problems, message }: TemporalSettingsInvalid): void {
    if (message === this.#lastProblem) return;
    this.#lastProblem = message;
    const problem = problems.map(formatSettingProblem).join(' ');
    this.#logger.warn({ problem }, 'Temporal settings invalid; continuing with the last valid ones');
  }
}

/** Whether a connection with the one would be the same with the other. Their servers are. */
export function isSameConnection(one: TemporalSettings, other: TemporalSettings): boolean {
  return isDeepStrictEqual(toConnection(one), toConnection(other));
}

function toConnection({ tls, apiKey, metadata }: TemporalSettings): unknown {
  return { tls, apiKey, metadata };
}
