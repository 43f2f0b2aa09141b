import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { STORE_KINDS } from '../src/app.js';
import type { RefreshConfig, StoreConfig } from '../src/config/refresh-config.js';
import { checkServices } from '../src/doctor/check-services.js';
import type { RefreshReport } from '../src/refresh/report.js';
import { refreshOnce } from '../src/refresh-once/refresh-once.js';
import { fakeConfig } from './fakes/fake-config.js';
import { dockerConnection, namedRegistry } from './fakes/fake-ports.js';
import { startAirflowStandIn, type AirflowStandIn } from './support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from './support/aws.js';
import { NO_PROXY_VARIABLES, setEnvironment } from './support/local-server.js';
import { MEMORY_STORES, type MemoryStoreSettings } from './support/memory-store/memory-store.js';
import { startRegistry, type Registry } from './support/registry.js';
import { Secret } from '../src/log/secret.js';

describe('an app with a second kind of store', () => {
  const options = { storeKinds: [...STORE_KINDS, MEMORY_STORES] };
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  let airflow: AirflowStandIn;
  let memory: MemoryStoreSettings;
  let restore = (): void => {};

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'store-kinds-'));
    aws = await startAwsStandIn();
    restore = setEnvironment({ ...NO_PROXY_VARIABLES, AWS_PROFILE: undefined, ...aws.env });
    registry = await startRegistry({ aws, stateFolder: folder, region: 'us-east-1', storage: false });
    const { host } = registry;
    airflow = await startAirflowStandIn({
      connections: [{ connection_id: 'a', conn_type: 'docker', host, login: 'AWS', password: 'old' }],
    });
    const ids = Array.from({ length: 120 }, (_, index) => `team_${index}`);
    const records = ids.map((id) => dockerConnection({ id, host }));
    memory = { records: new Map(records.map((record) => [record.id, record])), passwords: new Map() };
  });

  afterEach(async () => {
    restore();
    await Promise.all([airflow.stop(), registry.stop()]);
    await aws.stop();
    await fs.rm(folder, { recursive: true });
  });

  function configure(settings: MemoryStoreSettings = memory): RefreshConfig {
    const main: StoreConfig = {
      name: 'main',
      kind: 'airflow',
      connections: [{ kind: 'id', id: 'a', ifMissing: 'fail' }],
      settings: {
        url: airflow.url,
        auth: { kind: 'password', username: 'op', readPassword: () => new Secret('op') },
        version: 'auto',
        headers: [],
      },
    };
    const second: StoreConfig = {
      name: 'second',
      kind: 'memory',
      connections: [
        { kind: 'match', pattern: 'team_*' },
        { kind: 'id', id: 'new', registry: 'local', ifMissing: 'create' },
        { kind: 'id', id: 'gone', ifMissing: 'fail' },
      ],
      settings,
    };
    const registries = [namedRegistry({ name: 'local', registryHost: registry.host })];
    return fakeConfig({ stores: [main, second], registries });
  }

  /** Without that of the plan: this configuration is in no file that could be read again. */
  async function refreshAll(config = configure()): Promise<RefreshReport> {
    const report = await refreshOnce(config, 0, options);
    return { ...report, failures: report.failures.filter(({ stage }) => stage !== 'plan') };
  }

  it('refreshes both with one token, by the same flow and activities', async () => {
    const report = await refreshAll();
    const password = aws.issued[0]?.password;
    assert.equal(aws.issued.length, 1);
    assert.equal(airflow.connections.get('a')?.password, password);
    assert.equal(memory.passwords.size, 121);
    assert.ok([...memory.passwords.values()].every((written) => written === password));
    assert.equal(memory.records.get('new')?.host, registry.host);
    assert.deepEqual(
      new Map(report.stores.map(({ store, kind, refreshed }) => [store, [kind, refreshed]])),
      new Map([
        ['main', ['airflow', 1]],
        ['second', ['memory', 121]],
      ]),
    );
  });

  it('reports its failures by the types that every store has', async () => {
    const report = await refreshAll();
    assert.deepEqual(
      report.failures.map(({ store, type, scope, message }) => [store, type, scope, message]),
      [['second', 'ConnectionMissing', 'connection', 'Memory has no connection gone.']],
    );
  });

  it('refreshes the others while it is down', async () => {
    const report = await refreshAll(configure({ ...memory, isDown: true }));
    const failure = ['second', 'StoreUnreachable', 'store'];
    assert.deepEqual(
      report.failures.map(({ store, type, scope }) => [store, type, scope]),
      [failure, failure],
      'one of the named connections, one of the list',
    );
    assert.equal(airflow.connections.get('a')?.password, aws.issued[0]?.password);
  });

  it('checks it in doctor', async () => {
    const { checks } = await checkServices(configure(), options);
    const lines = checks.map(({ name, outcome, message }) => `${outcome} ${name} ${message}`);
    assert.ok(lines.includes('ok Memory second answers, 120 connections'), lines.join('\n'));
  });

  it('fails the plan for a kind that is not listed', async () => {
    const { failures } = await refreshOnce(configure(), 0);
    assert.deepEqual(
      failures.map(({ stage, type }) => [stage, type]),
      [['plan', 'Unexpected']],
    );
  });
});
