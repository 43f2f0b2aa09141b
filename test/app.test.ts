import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { STORE_KINDS } from '../src/app.js';
import { ConfigError } from '../src/config/config-error.js';
import { loadConfig } from '../src/config/load.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { AIRFLOWS, STORE_SECTIONS } from '../src/config/schema/config.js';
import { checkServices } from '../src/doctor/check-services.js';
import type { RefreshReport } from '../src/refresh/report.js';
import { refreshOnce } from '../src/refresh-once/refresh-once.js';
import { dockerConnection } from './fakes/fake-ports.js';
import { startAirflowStandIn, type AirflowStandIn } from './support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from './support/aws.js';
import { NO_PROXY_VARIABLES, setEnvironment } from './support/local-server.js';
import { MEMORIES, memoryStores, type Memory } from './support/memory-store/memory-store.js';
import { startRegistry, type Registry } from './support/registry.js';

describe('an app with a second kind of store', () => {
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  let airflow: AirflowStandIn;
  let memory: Memory;
  let restore = (): void => {};

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'store-kinds-'));
    aws = await startAwsStandIn();
    restore = setEnvironment({ ...NO_PROXY_VARIABLES, AWS_PROFILE: undefined, OP: 'op', ...aws.env });
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

  function writeConfig(more = ''): string {
    const file = path.join(folder, 'refresh.yaml');
    const text = `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: op, password: {env: OP}}
    connections: [a]
memories:
  - name: second
    connections: [{match: "team_*"}, {id: new, registry: local, ifMissing: create}, gone]
registries: [{name: local, region: us-east-1, account: "123456789012", registryHost: "${registry.host}"}]
docker: {engines: []}
${more}`;
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  function configure(): RefreshConfig {
    return loadConfig(writeConfig(), process.env, [AIRFLOWS, MEMORIES]);
  }

  const options = () => ({ storeKinds: [...STORE_KINDS, memoryStores(new Map([['second', memory]]))] });

  async function refreshAll(): Promise<RefreshReport> {
    return refreshOnce(configure(), 0, options());
  }

  it('refreshes both with one token, through the same flow and activities', async () => {
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

  it('reports its failures with the types that all stores share', async () => {
    const report = await refreshAll();
    assert.deepEqual(
      report.failures.map(({ store, type, scope, message }) => [store, type, scope, message]),
      [['second', 'ConnectionMissing', 'connection', 'Memory has no connection gone.']],
    );
  });

  it('refreshes the other store while it is down', async () => {
    memory = { ...memory, isDown: true };
    const report = await refreshAll();
    const failure = ['second', 'StoreUnreachable', 'store'];
    assert.deepEqual(
      report.failures.map(({ store, type, scope }) => [store, type, scope]),
      [failure, failure],
      'the named connections and the list did not fail once each',
    );
    assert.equal(airflow.connections.get('a')?.password, aws.issued[0]?.password);
  });

  it('checks it in doctor', async () => {
    const { checks } = await checkServices(configure(), options());
    const lines = checks.map(({ target, outcome, message }) => `${outcome} ${target} ${message}`);
    assert.ok(lines.includes('ok Memory second responds, 120 connections'), lines.join('\n'));
  });

  it('has its own section of the configuration, which is checked together with the others', () => {
    const duplicates = 'duplicates airflows[0].name';
    const file = writeConfig().replace('refresh.yaml', 'bad.yaml');
    const text = readFileSync(path.join(folder, 'refresh.yaml'), 'utf8');
    writeFileSync(
      file,
      text.replace('name: second', 'name: main').replace('registry: local', 'registry: locl'),
    );
    assert.throws(
      () => loadConfig(file, process.env, [AIRFLOWS, MEMORIES]),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.problems.map(({ path: at, message, remedy }) => `${at} ${message}. ${remedy}`),
          [
            `memories[0].name ${duplicates}. Remove or rename one of the two.`,
            'memories[0].connections[1].registry refers to an unknown entry of `registries`. Use `local` if that is what you mean.',
          ],
        );
        return true;
      },
    );
  });

  it('rejects its section when its kind is not listed', () => {
    const file = writeConfig();
    assert.throws(() => loadConfig(file), /memories: is not a known setting/);
  });

  it('has a section in the schema for each kind that is listed', () =>
    assert.deepEqual(
      STORE_KINDS.map(({ section }) => section),
      STORE_SECTIONS,
    ));
});
