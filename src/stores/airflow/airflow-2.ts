// Owns what is particular to the REST API of Airflow 2 (/api/v1): the body of the write, and that there is no bulk.
// Refuses every write of an existing connection but that of its password, by the update mask.
import { RefreshFailure } from '../../refresh/failures.js';
import { createRestCalls, type AirflowStore, type RestOptions } from './rest-api.js';
import { createOverrideFinder } from './find-overrides.js';

/** The REST API of one Airflow 2. Every method throws RefreshFailure alone, as the port says. */
export function createAirflow2(options: RestOptions): AirflowStore {
  const { writeOne, ...calls } = createRestCalls(options);
  return {
    ...calls,
    // A test of a connection tells nothing here: Airflow 2 looks at what it is sent alone.
    findOverrides: createOverrideFinder(options, { backends: [['secrets', 'backend']], compares: false }),
    async maxRecordsPerWrite() {
      return 1;
    },
    async write([record, ...more], password, signal) {
      if (record && more.length === 0) {
        return writeOne(record, password, { password: password.reveal() }, signal);
      }
      throw new RefreshFailure(
        'StoreRequestRejected',
        `Airflow ${options.name}: Airflow 2 has no bulk request`,
      );
    },
  };
}
