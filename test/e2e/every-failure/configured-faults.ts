// Faults that need more in the configuration than connection ids: a registry for a connection, patterns, Airflow
// Variables. The valid neighbor is refreshed anyway. Also a failure without a fault: too little time.
import type { AirflowRequest } from '../../support/airflow-stand-in.js';
import { airflowReturns } from './airflow-faults.js';
import { CONNECTION, NEIGHBOR, type ConfigChanges, type Fixture } from './fixture.js';
import type { WireFault } from './wire-fault.js';

const isList = ({ path }: AirflowRequest): boolean => path === '/api/v2/connections';

export interface ConfiguredFault extends WireFault {
  readonly changes: ConfigChanges;
}

const OTHER = '{name: other, account: "210987654321", region: eu-west-1}';
const OF_VARIABLE = '{name: other, account: {airflowVariable: account, airflow: main}, region: us-east-1}';
const WITH_REGISTRY = [`{id: ${CONNECTION}, registry: other}`, NEIGHBOR];
const DENIED = 'team/denied';
const WITHOUT_FAULT = { changes: {}, arrange: () => undefined };
const INSPECTED = { stage: 'inspect', refreshed: 1 } as const;

export const CONFIGURED_FAULTS: readonly ConfiguredFault[] = [
  {
    ...INSPECTED,
    type: 'ConnectionRegistryMismatch',
    when: 'the host of the connection is not the registry of its entry',
    message: /Connection docker_default .*210987654321\.dkr\.ecr\.eu-west-1\.amazonaws\.com/,
    changes: { connections: WITH_REGISTRY, registries: [OTHER] },
    arrange: () => undefined,
  },
  {
    ...INSPECTED,
    type: 'ConnectionIdInvalid',
    when: 'a pattern matches an id that cannot be used in a request',
    message: /docker_\/\.\./,
    changes: { connections: [NEIGHBOR, '{match: "docker_?.."}'] },
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
    when: 'the list has the same rows on every page',
    message: /The connection list of Airflow main repeats itself/,
    changes: { connections: ['{match: "docker_*"}'] },
    arrange: (fixture) =>
      airflowReturns(fixture, isList, () => {
        const rows = [...fixture.airflow.connections.values()].map((row) => ({ ...row, password: '***' }));
        return { status: 200, body: { connections: rows, total_entries: 200 } };
      }),
  },
  {
    ...INSPECTED,
    type: 'AirflowVariableMissing',
    when: 'the Variable for the account does not exist',
    message: /account/,
    changes: { connections: WITH_REGISTRY, registries: [OF_VARIABLE] },
    arrange: () => undefined,
  },
  {
    ...INSPECTED,
    type: 'AirflowVariableInvalid',
    when: 'the Variable for the account is not an account ID',
    message: /account/,
    changes: { connections: WITH_REGISTRY, registries: [OF_VARIABLE] },
    arrange: (fixture: Fixture) =>
      void fixture.airflow.variables.set('account', fixture.secrets.make('value of a Variable')),
  },
  {
    stage: 'test',
    refreshed: 2,
    type: 'RegistryPullDenied',
    when: 'the principal can log in but cannot pull the configured image',
    message: /127\.0\.0\.1:\d+\/team\/denied:1\.0: 403 DENIED: .*missing permission ecr:BatchGetImage/,
    changes: { line: `docker: {engines: [], probe: {image: "${DENIED}:1.0"}}` },
    arrange: (fixture) => fixture.registry.denyPull(DENIED),
  },
  {
    stage: 'test',
    refreshed: 2,
    type: 'TokenUnverified',
    when: 'a Docker test is required, and skipped because the registry cannot be reached',
    message: /^The login test verified nothing: it did not run\.$/,
    changes: { requiresDocker: true },
    arrange: (fixture) => fixture.registry.setFault(() => ({ status: 503, body: fixture.secrets.quote() })),
  },
  {
    type: 'RunOutOfTime',
    when: 'the run starts too late for any attempt',
    stage: 'plan',
    message: /planRefresh/,
    refreshed: 0,
    run: { executionTimeout: '19 seconds' },
    ...WITHOUT_FAULT,
  },
  {
    type: 'RunOutOfTime',
    when: 'the run starts too late for the test step',
    stage: 'test',
    message: /testDocker/,
    refreshed: 2,
    run: { executionTimeout: '60 seconds' },
    ...WITHOUT_FAULT,
  },
];
