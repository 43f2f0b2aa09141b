// The Airflow versions that the end-to-end tests run on: the newest and 2.10, or all with TEST_ALL=true.
import { AIRFLOW_KINDS, type AirflowKind } from '../support/airflow.js';

const ALWAYS = ['3.3', '2.10'];

export function airflowKindsToTest(env: NodeJS.ProcessEnv = process.env): readonly AirflowKind[] {
  const all = env['TEST_ALL'] === 'true';
  return AIRFLOW_KINDS.filter(({ name }) => all || ALWAYS.includes(name));
}
