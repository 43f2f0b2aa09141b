import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import { checkServices } from '../../src/doctor/check-services.js';
import { Secret } from '../../src/log/secret.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { previewOnce, refreshOnce } from '../../src/refresh-once/refresh-once.js';
import { airflowSettings, fakeConfig, fakeStoreConfig } from '../fakes/fake-config.js';
import { namedRegistry } from '../fakes/fake-ports.js';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
import { startRegistry, type Registry } from '../support/registry.js';

const IDS = ['a', 'b_ecr', 'c_ecr', 'team_1', 'team_2', 'team_ecr'];

/** The second store gets the connections that the first one does not match. */
const FIRST: readonly ConnectionRule[] = [
  { kind: 'id', id: 'team_1', ifMissing: 'fail' },
  { kind: 'match', pattern: '*_ecr' },
  // No effect: the pattern comes first.
  { kind: 'id', id: 'gone_ecr', registry: 'local', ifMissing: 'create' },
];
const SECOND: readonly ConnectionRule[] = [
  // No effect: the first store already matches these.
  { kind: 'id', id: 'b_ecr', registry: 'other', ifMissing: 'fail' },
  { kind: 'match', pattern: '?_ecr' },
  { kind: 'id', id: 'a', registry: 'local', ifMissing: 'fail' },
  // Matches team_1 and team_ecr as well.
  { kind: 'match', pattern: 'team_*' },
];
const WRITES = [
  ['first', 'b_ecr'],
  ['first', 'c_ecr'],
  ['first', 'team_1'],
  ['first', 'team_ecr'],
  ['second', 'a'],
  ['second', 'team_2'],
];

/** Stores run in parallel, so the order of the rows differs. */
function byText(a: unknown, b: unknown): number {
  return String(a) < String(b) ? -1 : 1;
}

describe('a run with two stores of one Airflow', () => {
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  let airflow: AirflowStandIn;
  let restore = (): void => {};

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'two-stores-'));
    aws = await startAwsStandIn();
    restore = setEnvironment({ ...NO_PROXY_VARIABLES, AWS_PROFILE: undefined, ...aws.env });
    registry = await startRegistry({ aws, stateFolder: folder, region: 'us-east-1', storage: false });
    airflow = await startAirflowStandIn({
      users: ['first', 'second'].map((username) => ({ username, password: 'op', role: 'op' })),
      connections: IDS.map((id) => ({
        connection_id: id,
        conn_type: 'docker',
        host: registry.host,
        login: 'AWS',
        password: 'old',
      })),
    });
  });

  afterEach(async () => {
    restore();
    await Promise.all([airflow.stop(), registry.stop()]);
    await aws.stop();
    await fs.rm(folder, { recursive: true });
  });

  function configure(second = SECOND): RefreshConfig {
    const createStore = (name: string, connections: readonly ConnectionRule[], more = {}) =>
      fakeStoreConfig({
        name,
        connections,
        settings: {
          ...airflowSettings(fakeStoreConfig()),
          url: airflow.url,
          auth: { kind: 'password', username: name, readPassword: () => new Secret('op') },
        },
        ...more,
      });
    return fakeConfig({
      stores: [createStore('first', FIRST), createStore('second', second, { claimed: FIRST })],
      registries: [
        namedRegistry({ name: 'local', registryHost: registry.host }),
        namedRegistry({ name: 'other', region: 'eu-west-1' }),
      ],
    });
  }

  it('writes each connection once, through the first entry that matches it', async () => {
    const report = await refreshOnce(configure(), 0);
    assert.deepEqual(
      report.stores.map(({ store, refreshed, failed }) => [store, refreshed, failed]).toSorted(byText),
      [
        ['first', 4, 0],
        ['second', 2, 0],
      ],
    );
    // There is no configuration file that the run could read again.
    assert.deepEqual(
      report.failures.filter(({ stage }) => stage !== 'plan'),
      [],
    );
    assert.deepEqual(listWrites().toSorted(byText), IDS);
    const token = aws.issued[0]?.password;
    assert.deepEqual(
      [...airflow.connections.values()].map(({ password }) => password),
      IDS.map(() => token),
    );
    assert.ok(!airflow.connections.has('gone_ecr'));
  });

  /** The ids in single and bulk write requests. */
  function listWrites(): string[] {
    return airflow.requests
      .filter(({ method, path: to }) => method === 'PATCH' && to.startsWith('/api/v2/connections'))
      .flatMap(({ path: to, body }) => {
        const bulk = [...JSON.stringify(body).matchAll(/"connection_id":"(\w+)"/g)].map(([, id]) => id ?? '');
        return to.endsWith('/connections') ? bulk : [path.basename(to)];
      });
  }

  it('shows in a dry run what would be written, and the matching pattern', async () => {
    const { connections, failures } = await previewOnce(configure(), 0);
    assert.deepEqual(
      connections.map(({ store, connection }) => [store, connection]).toSorted(byText),
      WRITES,
    );
    assert.ok(connections.every(({ action }) => action === 'write'));
    assert.deepEqual(
      connections
        .filter(({ why }) => why.startsWith('matches'))
        .map(({ connection, why }) => [connection, /"(.*)"/.exec(why)?.[1]])
        .toSorted(byText),
      [
        ['b_ecr', '*_ecr'],
        ['c_ecr', '*_ecr'],
        ['team_2', 'team_*'],
        ['team_ecr', '*_ecr'],
      ],
    );
    assert.deepEqual(
      failures.filter(({ stage }) => stage !== 'plan'),
      [],
    );
    assert.deepEqual(listWrites(), []);
  });

  it('shows in doctor what would be written, and omits entries without effect', async () => {
    const { checks } = await checkServices(configure());
    const { host } = registry;
    assert.deepEqual(
      checks
        .filter(({ target }) => target.startsWith('connection'))
        .map(({ target, outcome, message }) => [target, outcome, message])
        .toSorted(byText),
      [
        ['connection a of second', 'ok', `is valid, registry ${host}`],
        ['connection team_1 of first', 'ok', `is valid, registry ${host}`],
        ['connections "*_ecr" of first', 'ok', `3 valid, registry ${host}`],
        ['connections "team_*" of second', 'ok', `1 valid, registry ${host}`],
      ],
    );
  });

  it('warns if the first store matches all connections of the second, which then writes nothing', async () => {
    const config = configure([{ kind: 'match', pattern: '*_ecr' }]);
    const { checks } = await checkServices(config);
    assert.deepEqual(
      checks
        .filter(({ outcome }) => outcome !== 'ok')
        .map(({ target, outcome, message }) => [target, outcome, message]),
      [
        [
          'Airflow second',
          'warning',
          'matches no connection: earlier entries for this Airflow instance match all of them',
        ],
      ],
    );
    const { warnings, stores } = await refreshOnce(config, 0);
    assert.deepEqual(warnings, ['Airflow second has no matching connection to refresh.']);
    assert.deepEqual(
      stores.map(({ store, refreshed }) => [store, refreshed]),
      [['first', 4]],
    );
  });
});
