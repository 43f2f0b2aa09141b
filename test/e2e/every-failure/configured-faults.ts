// What can go wrong where the configuration asks for more than ids: a registry that a connection must be of, patterns,
// Airflow Variables. A valid neighbour is refreshed anyway. And a failure without a fault: too little time.
import type { AirflowRequest } from '../../support/airflow-stand-in.js';
import { airflowAnswers } from './airflow-faults.js';
import { CONNECTION, NEIGHBOUR, type ConfigChanges, type Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const isList = ({ path }: AirflowRequest): boolean => path === '/api/v2/connections';

export interface ConfiguredFault extends WireFault {
  readonly changes: ConfigChanges;
}

const OTHER = '{name: other, account: "210987654321", region: eu-west-1}';
const OF_VARIABLE = '{name: other, account: {airflowVariable: account, airflow: main}, region: us-east-1}';
const INSISTING = [`{id: ${CONNECTION}, registry: other}`, NEIGHBOUR];
const DENIED = 'team/denied';
const WITHOUT_FAULT = { changes: {}, arrange: () => undefined };
const INSPECTED = { stage: 'inspect', refreshed: 1 } as const;

export const CONFIGURED_FAULTS: readonly ConfiguredFault[] = [
  {
    ...INSPECTED,
    type: 'ConnectionRegistryMismatch',
    when: 'the connection is of another registry than its entry says',
    says: /Connection docker_default .*210987654321\.dkr\.ecr\.eu-west-1\.amazonaws\.com/,
    changes: { connections: INSISTING, registries: [OTHER] },
    arrange: () => undefined,
  },
  {
    ...INSPECTED,
    type: 'ConnectionIdInvalid',
    when: 'a pattern takes in an id that no request may hold',
    says: /docker_\/\.\./,
    changes: { connections: [NEIGHBOUR, '{match: "docker_?.."}'] },
    arrange: (fixture) => {
      const record = fixture.airflow.connections.get(CONNECTION);
      fixture.airflow.connections.delete(CONNECTION);
      if (record) fixture.airflow.connections.set('docker_/..', { ...record, connection_id: 'docker_/..' });
    },
  },
  {
    ...INSPECTED,
    refreshed: 2,
    type: 'StoreListInvalid',
    when: 'the list repeats itself whatever part of it is requested',
    says: /The list of main repeats itself/,
    changes: { connections: ['{match: "docker_*"}'] },
    arrange: (fixture) =>
      airflowAnswers(fixture, isList, () => {
        const rows = [...fixture.airflow.connections.values()].map((row) => ({ ...row, password: '***' }));
        return { status: 200, body: { connections: rows, total_entries: 200 } };
      }),
  },
  {
    ...INSPECTED,
    type: 'AirflowVariableMissing',
    when: 'there is no Variable for the account',
    says: /account/,
    changes: { connections: INSISTING, registries: [OF_VARIABLE] },
    arrange: () => undefined,
  },
  {
    ...INSPECTED,
    type: 'AirflowVariableInvalid',
    when: 'the Variable for the account holds something else',
    says: /account/,
    changes: { connections: INSISTING, registries: [OF_VARIABLE] },
    arrange: (fixture: Fixture) =>
      void fixture.airflow.variables.set('account', fixture.secrets.make('value of a Variable')),
  },
  {
    stage: 'test',
    refreshed: 2,
    type: 'RegistryPullDenied',
    when: 'the principal signs in, and may not pull the image that is asked for',
    says: /127\.0\.0\.1:\d+\/team\/denied:1\.0: 403 DENIED: .*it lacks ecr:BatchGetImage/,
    changes: { line: `docker: {engines: [], probe: {image: "${DENIED}:1.0"}}` },
    arrange: (fixture) => fixture.registry.denyPull(DENIED),
  },
  {
    type: 'RunOutOfTime',
    when: 'the run began so late that no attempt would end before it',
    stage: 'plan',
    says: /planRefresh/,
    refreshed: 0,
    run: { executionTimeout: '19 seconds' },
    ...WITHOUT_FAULT,
  },
  {
    type: 'RunOutOfTime',
    when: 'the run began so late that no test would end before it',
    stage: 'test',
    says: /testDocker/,
    refreshed: 2,
    run: { executionTimeout: '60 seconds' },
    ...WITHOUT_FAULT,
  },
];
