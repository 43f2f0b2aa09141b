// The configuration of a worker while the file changes: the last good one, and the one before it for runs that were
// planned with it. An invalid edit is reported and changes nothing.
import { loadConfig } from './load.js';
import { ConfigError, summarizeProblems } from './config-error.js';
import type { RefreshConfig } from './refresh-config.js';
import type { StoreSection } from './schema/stores.js';

export interface Reread {
  readonly config: RefreshConfig;
  /** One line on what is wrong with the file; absent when `config` is what the file says. */
  readonly problem?: string;
}

export interface ConfigStoreOptions {
  /** Where references are looked up. */
  readonly env?: NodeJS.ProcessEnv;
  readonly storeSections?: readonly StoreSection[];
  /** Called when an edit of the file has been accepted. */
  readonly onChange?: (config: RefreshConfig) => void;
}

/** Equal contents are always the same object: what belongs to a configuration, such as logins, outlives a re-read. */
export class ConfigStore {
  #current: RefreshConfig;
  #previous: RefreshConfig | undefined;
  readonly #options: ConfigStoreOptions;

  /** @param initial a configuration of loadConfig; its file is read again later, with the same options */
  constructor(initial: RefreshConfig, options: ConfigStoreOptions = {}) {
    this.#current = initial;
    this.#options = options;
  }

  /** The last good configuration, without reading the file. */
  get current(): RefreshConfig {
    return this.#current;
  }

  /** Reads the file again. An invalid one leaves everything as it is and is described in `problem`. */
  reread(): Reread {
    try {
      const { env, storeSections } = this.#options;
      this.#accept(loadConfig(this.#current.path, env, storeSections));
      return { config: this.#current };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { config: this.#current, problem: summarizeProblems(error) };
    }
  }

  /**
   * The configuration that a run was planned with: the current or the previous one, else what the file says by now
   * (another worker may have planned with a newer edit); undefined when none has this hash.
   */
  byHash(hash: string): RefreshConfig | undefined {
    return this.#known(hash) ?? (this.reread(), this.#known(hash));
  }

  #known(hash: string): RefreshConfig | undefined {
    return [this.#current, this.#previous].find((config) => config?.hash === hash);
  }

  #accept(next: RefreshConfig): void {
    if (next.hash === this.#current.hash) return;
    const known = this.#known(next.hash);
    this.#previous = this.#current;
    this.#current = known ?? next;
    this.#options.onChange?.(this.#current);
  }
}
