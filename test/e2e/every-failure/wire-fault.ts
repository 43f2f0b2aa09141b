// The shape of what can go wrong between the worker and the others, as they would answer it, and the failure that it must
// become. Whatever can quote a secret quotes all of them, so that the scan for secrets has something to find.
import type { FailureType } from '../../../src/refresh/failures.js';
import type { Stage } from '../../../src/refresh/report.js';
import type { Fixture, RunOptions } from './fixture.js';

export interface WireFault {
  readonly type: FailureType;
  /** What has happened, as the test's title says it. */
  readonly when: string;
  readonly stage: Stage;
  /** What a person must find in the message: the place. */
  readonly says: RegExp;
  /** Connections that hold a new token afterwards. Whatever else is in Airflow must be as it was. */
  readonly refreshed: number;
  /** The run that shows it; default: one attempt of each step. */
  readonly run?: RunOptions;
  /** Lets it go wrong; the test puts everything right again. */
  readonly arrange: (fixture: Fixture) => void;
}
