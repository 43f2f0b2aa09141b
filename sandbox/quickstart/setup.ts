// The result of both setups of the quickstart: what the worker needs, and what is printed for the user.
import type { TemporalSettings } from '../../src/temporal/settings/settings.js';

export interface Setup {
  readonly configPath: string;
  /** The whole environment of the worker. */
  readonly env: NodeJS.ProcessEnv;
  readonly temporal: TemporalSettings;
  /** Whether the quickstart has started this Temporal server, so that nothing else uses its schedule. */
  readonly ownsTemporal: boolean;
  /** Contains the logs of everything that was started. */
  readonly stateFolder: string;
  /** Name and address of each web UI. */
  readonly addresses: readonly (readonly [name: string, address: string])[];
  readonly hints: readonly string[];
}
