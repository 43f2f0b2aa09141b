// What the two ways to start have in common: what the worker needs, and what the user may open.
import type { TemporalSettings } from '../../src/temporal/settings.js';

export interface Setup {
  readonly configPath: string;
  /** Whole environment of the worker. */
  readonly env: NodeJS.ProcessEnv;
  readonly temporal: TemporalSettings;
  /** Where the logs of what was started lie. */
  readonly stateFolder: string;
  /** Name and address of what can be opened in a browser. */
  readonly addresses: readonly (readonly [name: string, address: string])[];
  readonly hints: readonly string[];
}
