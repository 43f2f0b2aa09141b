// The Airflow versions that the end-to-end tests run on. With TEST_ALL=true, all of them.
import { AIRFLOW_KINDS, type AirflowKind } from '../support/airflow.js';

/** The newest of Airflow 3 and 2 whose every detail is tested: an older and a newer one behave in the same way. */
const ALWAYS = ['3.3', '2.10'];

/** Those that users install: the main path runs on each. */
const ON_MAIN_PATH = ['3.4', '3.3', '2.11', '2.10'];

export function airflowKindsToTest(
  suite: 'main path' | 'details' = 'details',
  env: NodeJS.ProcessEnv = process.env,
): readonly AirflowKind[] {
  const names = suite === 'main path' ? ON_MAIN_PATH : ALWAYS;
  return AIRFLOW_KINDS.filter(({ name }) => env['TEST_ALL'] === 'true' || names.includes(name));
}
