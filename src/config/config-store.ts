// Keeps the last good configuration of a worker, and the one before it for runs that were planned with that one. An
// invalid edit is reported and changes nothing.
import { describeTakeover, matchStores, type ScheduledStore } from '../refresh/scheduled-stores.js';
import { CONFIG_REMEDIES } from '../refresh/remedies/config.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import { loadConfig } from './load.js';
import { ConfigError, summarizeProblems } from './config-error.js';
import type { RefreshConfig } from './refresh-config.js';
import { identifyStores, type StoreSection } from './schema/stores.js';

export interface Reread {
  readonly config: RefreshConfig;
  /** What is wrong with the file, in one line; absent when `config` is the content of the file. */
  readonly problem?: string;
  /** The fix, where it is not in the output of `doctor --offline`. */
  readonly remedy?: Remedy;
}

export interface ConfigStoreOptions {
  /** Where references are looked up. */
  readonly env?: NodeJS.ProcessEnv;
  readonly storeSections?: readonly StoreSection[];
  /** Called when an edit of the file has been accepted. */
  readonly onChange?: (config: RefreshConfig, previous: RefreshConfig) => void;
}

/**
 * Returns the same object for equal contents, so that what is kept for a configuration, such as logins, survives a
 * re-read.
 */
export class ConfigStore {
  #current: RefreshConfig;
  #previous: RefreshConfig | undefined;
  readonly #options: ConfigStoreOptions;

  /** @param initial a configuration from loadConfig; its file is read again later, with the same options */
  constructor(initial: RefreshConfig, options: ConfigStoreOptions = {}) {
    this.#current = initial;
    this.#options = options;
  }

  /** The last good configuration, without reading the file. */
  get current(): RefreshConfig {
    return this.#current;
  }

  /**
   * Reads the file again. When it is invalid, nothing changes and `problem` describes it.
   * @param scheduled the stores that the schedule was applied for: an edit that has none of them changes nothing either
   */
  reread(scheduled?: readonly ScheduledStore[]): Reread {
    try {
      const next = this.#load();
      const configured = identifyStores(next.stores);
      if (scheduled && matchStores(scheduled, configured) === 'disjoint') {
        const problem = `${next.path}: ${describeTakeover(next.schedule.id, scheduled, configured)}`;
        return { config: this.#current, problem, remedy: CONFIG_REMEDIES.takeOver };
      }
      this.#accept(next);
      return { config: this.#current };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { config: this.#current, problem: summarizeProblems(error) };
    }
  }

  /**
   * The configuration that a run was planned with: the current or the previous one, else the one now in the file
   * (another worker may have planned with a newer edit); undefined when none has this hash. An edit with another hash
   * is not accepted here: it has not been compared with the schedule.
   */
  byHash(hash: string): RefreshConfig | undefined {
    const known = this.#known(hash);
    if (known) return known;
    try {
      const next = this.#load();
      if (next.hash === hash) this.#accept(next);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
    return this.#known(hash);
  }

  #load(): RefreshConfig {
    const { env, storeSections } = this.#options;
    return loadConfig(this.#current.path, env, storeSections);
  }

  #known(hash: string): RefreshConfig | undefined {
    return [this.#current, this.#previous].find((config) => config?.hash === hash);
  }

  #accept(next: RefreshConfig): void {
    if (next.hash === this.#current.hash) return;
    const known = this.#known(next.hash);
    const before = this.#current;
    this.#previous = before;
    this.#current = known ?? next;
    this.#options.onChange?.(this.#current, before);
  }
}
