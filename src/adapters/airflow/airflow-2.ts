// Owns what is particular to the REST API of Airflow 2 (/api/v1): the body of the write, and that there is no bulk.
// Refuses every write of an existing connection but that of its password, by the update mask.
import type { AirflowApi } from '../../activities/ports.js';
import { RefreshFailure } from '../../domain/failures.js';
import { createRestCalls, type RestOptions } from './rest-calls.js';
import { createShadowReader } from './shadows.js';

/** The REST API of one Airflow 2. Every method throws RefreshFailure alone, as the port says. */
export function createAirflow2(options: RestOptions): AirflowApi {
  const { patchPassword, ...calls } = createRestCalls(options);
  return {
    ...calls,
    // A test of a connection tells nothing here: Airflow 2 looks at what it is sent alone.
    readShadows: createShadowReader(options, { backends: [['secrets', 'backend']], compares: false }),
    writePassword(connection, password, signal) {
      return patchPassword(connection, password, { password: password.reveal() }, signal);
    },
    async bulkLimit() {
      return 1;
    },
    async writePasswords() {
      throw new RefreshFailure(
        'AirflowRequestRejected',
        `Airflow ${options.name}: Airflow 2 has no bulk request`,
      );
    },
  };
}
