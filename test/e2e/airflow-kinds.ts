// The Airflow versions that the end-to-end tests run on. With TEST_ALL=true, all of them.
import { AIRFLOW_KINDS, type AirflowKind } from '../support/airflow.js';

/** One of Airflow 3 and of Airflow 2, for most suites: the others behave in the same way. */
const MOST = ['3.3', '2.10'];

/** The newest ones, for the suite that compares versions: four Airflow instances at once take too long. */
const NEWEST = ['3.4', '2.11'];

export function airflowKindsToTest(
  which: 'most' | 'newest' = 'most',
  env: NodeJS.ProcessEnv = process.env,
): readonly AirflowKind[] {
  const names = which === 'newest' ? NEWEST : MOST;
  return AIRFLOW_KINDS.filter(({ name }) => env['TEST_ALL'] === 'true' || names.includes(name));
}
