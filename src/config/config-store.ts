// Owns which configuration a worker goes by while the file changes under it: the last good one, and the one before
// for runs that were planned by it. Refuses invalid edits: they are reported and change nothing.
import { loadConfig } from './load.js';
import { ConfigError, summarizeProblems } from './config-error.js';
import type { RefreshConfig } from './refresh-config.js';

export interface Reread {
  readonly config: RefreshConfig;
  /** One line on what is wrong with the file; absent when `config` is what the file says. */
  readonly problem?: string;
}

/** Equal contents are always the same object: what hangs on a configuration, such as sign-ins, outlives a re-read. */
export class ConfigStore {
  #current: RefreshConfig;
  #previous: RefreshConfig | undefined;
  readonly #env: NodeJS.ProcessEnv;

  /** @param initial a configuration of loadConfig; its file is read again later */
  constructor(initial: RefreshConfig, env: NodeJS.ProcessEnv = process.env) {
    this.#current = initial;
    this.#env = env;
  }

  /** The last good configuration, without reading the file. */
  get current(): RefreshConfig {
    return this.#current;
  }

  /** Reads the file again. An invalid one leaves everything as it is and is described in `problem`. */
  reread(): Reread {
    try {
      this.#accept(loadConfig(this.#current.path, this.#env));
      return { config: this.#current };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return { config: this.#current, problem: summarizeProblems(error) };
    }
  }

  /**
   * The configuration that a run was planned by: the current or the previous one, else what the file says by now
   * (another worker may have planned by a newer edit); undefined when none has this hash.
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
  }
}
