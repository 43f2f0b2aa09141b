// A fault of a service that the worker calls, and the failure that must be reported for it. Every response that can
// quote a secret quotes all of them, so that the scan for secrets has something to find.
import type { FailureType } from '../../../src/refresh/failures.js';
import type { Stage } from '../../../src/refresh/report.js';
import type { Fixture, RunOptions } from './fixture.js';

export interface WireFault {
  readonly type: FailureType;
  /** What happens, for the title of the test. */
  readonly when: string;
  readonly stage: Stage;
  /** What the message must contain: where it failed. */
  readonly message: RegExp;
  /** Number of connections with a new token afterwards. Nothing else in Airflow may change. */
  readonly refreshed: number;
  /** Options of the run; default: one attempt of each step. */
  readonly run?: RunOptions;
  /** Causes the fault; the test resets the fixture. */
  readonly arrange: (fixture: Fixture) => void;
}
