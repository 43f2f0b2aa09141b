import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { formatPreview } from '../../scripts/format-report.js';
import { loadConfig } from '../../src/config/load.js';
import { checkServices } from '../../src/doctor/check-services.js';
import { previewOnce, refreshOnce } from '../../src/refresh-once/refresh-once.js';
import {
  answerAsEngine,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type LocalServer,
} from '../support/local-server.js';

describe('a run without Temporal', () => {
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  let airflow: AirflowStandIn;
  let engine: LocalServer;
  let restore = (): void => {};

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'refresh-once-'));
    aws = await startAwsStandIn();
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      AWS_PROFILE: undefined,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...aws.env,
      AIRFLOW_PASSWORD: 'op',
    });
    registry = await startRegistry({ aws, stateFolder: folder, region: 'us-east-1', storage: false });
    airflow = await startAirflowStandIn({
      connections: [
        { connection_id: 'good', conn_type: 'docker', host: registry.host, login: 'AWS', password: 'old' },
        { connection_id: 'bad', conn_type: 'docker', host: registry.host, login: 'root', password: 'old' },
        { connection_id: 'a_ecr', conn_type: 'docker', host: registry.host, login: 'AWS', password: 'old' },
        { connection_id: 'b_ecr', conn_type: 'docker', host: 'quay.io', login: 'robot', password: 'old' },
        { connection_id: 'c_ecr', conn_type: 'http', host: 'example.com' },
      ],
    });
    engine = await startServer(answerAsEngine, path.join(folder, 'docker.sock'));
  });

  afterEach(async () => {
    restore();
    await Promise.all([airflow.stop(), registry.stop(), engine.close()]);
    await aws.stop();
    await fs.rm(folder, { recursive: true });
  });

  async function configure(
    connections: readonly string[],
    account = '"123456789012"',
  ): Promise<ReturnType<typeof loadConfig>> {
    const file = path.join(folder, 'refresh.yaml');
    await fs.writeFile(
      file,
      [
        'version: 1',
        'airflows:',
        '  - name: main',
        `    url: ${airflow.url}`,
        '    auth: {username: op, password: {env: AIRFLOW_PASSWORD}}',
        `    connections: [${connections.join(', ')}]`,
        'registries:',
        '  - name: local',
        `    account: ${account}`,
        '    region: us-east-1',
        `    registryHost: ${registry.host}`,
        'docker:',
        `  engines: ["unix://${path.join(folder, 'docker.sock')}"]`,
        '',
      ].join('\n'),
    );
    return loadConfig(file);
  }

  function passwords(): (string | null | undefined)[] {
    return ['good', 'bad'].map((id) => airflow.connections.get(id)?.password);
  }

  it('refreshes, tests and reports like a run of the workflow', async () => {
    const report = await refreshOnce(await configure(['good']), 0);
    assert.equal(report.outcome, 'refreshed', JSON.stringify(report.failures));
    assert.deepEqual([report.stores[0]?.refreshed, report.docker[0]?.login], [1, 'ok']);
    assert.deepEqual(report.warnings, []);
    assert.deepEqual(passwords(), [aws.issued[0]?.password, 'old']);
    assert.equal(aws.issued.length, 1);
    assert.ok(!JSON.stringify(report).includes(aws.issued[0]?.password ?? 'none'));
  });

  it('refreshes valid connections and reports the others', async () => {
    const report = await refreshOnce(await configure(['bad', 'good', 'gone']), 0);
    assert.equal(report.outcome, 'incomplete');
    assert.equal(report.stores[0]?.refreshed, 1);
    assert.deepEqual(
      report.failures.map(({ type, connections }) => `${type} ${connections.join()}`).toSorted(byText),
      ['ConnectionLoginMismatch bad', 'ConnectionMissing gone'],
    );
  });

  it('fails a strict run when nothing verified the new token, and still refreshes', async () => {
    const config = await configure(['good']);
    assert.equal((await refreshOnce(config, 5000, { isStrict: true })).outcome, 'refreshed');
    registry.setFault(() => ({ status: 503 }));
    const lenient = await refreshOnce(config, 5000);
    assert.deepEqual(
      [lenient.outcome, lenient.unproven.map(({ reason }) => reason)],
      ['refreshed', ['unreachable', 'not tested']],
    );
    const strict = await refreshOnce(config, 5000, { isStrict: true });
    assert.equal(strict.stores[0]?.refreshed, 1);
    assert.deepEqual(
      strict.failures.map(({ stage, type }) => [stage, type]),
      [
        ['test', 'TokenUnverified'],
        ['test', 'TokenUnverified'],
      ],
    );
  });

  it('reports the failure of Airflow when the time for retries is over', async () => {
    airflow.setFault(() => ({ status: 503 }));
    const report = await refreshOnce(await configure(['good']), 0);
    assert.deepEqual(
      report.failures.map(({ stage, type }) => [stage, type]),
      [['inspect', 'StoreUnavailable']],
    );
  });

  it('shows in a dry run what would be written or skipped and why, and writes nothing', async () => {
    const before = structuredClone([...airflow.connections]);
    const preview = await previewOnce(await configure(['bad', 'good', 'gone']), 0);
    assert.deepEqual(
      [...preview.connections]
        .toSorted((a, b) => byText(a.connection, b.connection))
        .map(({ store: name, connection, action, registry: host }) => [name, connection, action, host]),
      [
        ['main', 'bad', 'leave', null],
        ['main', 'gone', 'leave', null],
        ['main', 'good', 'write', registry.host],
      ],
    );
    assert.ok(preview.connections.every(({ action, remedy }) => (action === 'write') === (remedy === null)));
    assert.deepEqual([...airflow.connections], before);
    assert.deepEqual(
      // A login and a check for overrides do not write.
      airflow.requests.filter(
        ({ method, path: to }) => method !== 'GET' && !/^\/auth\/token$|\/connections\/test$/.test(to),
      ),
      [],
    );
  });

  describe('with rules that match and create', () => {
    const rules = ['{match: "*_ecr"}', '{id: made, registry: local, ifMissing: create}', 'good'];

    it('shows in a dry run what would be written, created and skipped', async () => {
      const before = structuredClone([...airflow.connections]);
      const preview = await previewOnce(await configure(rules), 0);
      assert.deepEqual(
        preview.connections
          .toSorted((a, b) => byText(a.connection, b.connection))
          .map(({ connection, action, registry: host, why }) => [connection, action, host, why.slice(0, 20)]),
        [
          ['a_ecr', 'write', registry.host, 'matches "*_ecr"; typ'],
          ['good', 'write', registry.host, 'type, host, login an'],
          ['made', 'create', registry.host, 'the connection does '],
        ],
      );
      assert.deepEqual(preview.failures, []);
      assert.equal(preview.warnings.length, 1);
      assert.match(
        preview.warnings[0] ?? '',
        /^Skipped 1 docker connection of main .* \(b_ecr\), because its host /,
      );
      assert.deepEqual([...airflow.connections], before);
    });

    it('shows the same in doctor', async () => {
      const { checks, registries } = await checkServices(await configure(rules));
      assert.deepEqual(registries, [registry.host]);
      assert.deepEqual(
        checks
          .filter(({ target }) => target.startsWith('connection'))
          .map(({ target, outcome, message }) => [target, outcome, message]),
        [
          ['connection made of main', 'ok', `is missing and will be created for registry ${registry.host}`],
          ['connection good of main', 'ok', `is valid, registry ${registry.host}`],
          ['connections "*_ecr" of main', 'ok', `1 valid, registry ${registry.host}`],
        ],
      );
      const warnings = checks.filter(({ outcome }) => outcome === 'warning');
      assert.match(warnings[0]?.message ?? '', /^Skipped .* \(b_ecr\), because its host /);
      assert.equal(warnings.length, 1);
    });

    it('writes what the dry run showed', async () => {
      const report = await refreshOnce(await configure(rules), 0);
      assert.equal(report.outcome, 'refreshed', JSON.stringify(report.failures));
      assert.equal(report.stores[0]?.refreshed, 3);
      const token = aws.issued[0]?.password;
      const { conn_type, host, login, port, extra, password } = airflow.connections.get('made') ?? {};
      assert.deepEqual(
        [conn_type, host, login, port ?? null, extra ?? null, password],
        ['docker', registry.host, 'AWS', null, null, token],
      );
      assert.deepEqual(
        ['a_ecr', 'b_ecr', 'c_ecr'].map((id) => airflow.connections.get(id)?.password ?? null),
        [token, 'old', null],
      );
    });

    it('warns in doctor of a pattern without matches, and in a dry run of a store without connections', async () => {
      const { checks } = await checkServices(await configure(['{match: "nothing_*"}']));
      const [warning] = checks.filter(({ target }) => target === 'connections "nothing_*" of main');
      assert.deepEqual([warning?.outcome, warning?.message], ['warning', 'matches no valid connection']);
      const preview = await previewOnce(await configure(['{match: "nothing_*"}']), 0);
      assert.deepEqual(preview.warnings, ['Airflow main has no matching connection to refresh.']);
    });
  });

  it('verifies the token in a dry run, without additional failures or warnings', async () => {
    const preview = await previewOnce(await configure(['good']), 0);
    assert.equal(preview.tokens[0]?.check, 'accepted');
    assert.equal(preview.docker[0]?.login, 'ok');
    assert.deepEqual([preview.failures, preview.warnings], [[], []]);
  });

  describe('shows in a dry run what failed for more than the previewed connections:', () => {
    const rules = {
      ids: ['good', 'bad'],
      'a pattern': ['{match: "*_ecr"}'],
      both: ['good', '{match: "*_ecr"}'],
    };
    const faults = {
      StoreUnauthorized: () => void setEnvironment({ AIRFLOW_PASSWORD: 'wrong' }),
      StoreUnreachable: () => airflow.setFault(() => ({ drop: true })),
    };

    for (const [expected, fault] of Object.entries(faults)) {
      for (const [title, connections] of Object.entries(rules)) {
        it(`${expected}, with ${title}`, async () => {
          fault();
          const shown = await previewOnce(await configure(connections), 0);
          assert.deepEqual(shown.connections, []);
          assert.deepEqual(
            [...new Set(shown.failures.map(({ store, type }) => `${store} ${type}`))],
            [`main ${expected}`],
          );
          const [headline] = formatPreview(shown).split('\n');
          assert.match(
            headline ?? '',
            /^Dry run INCOMPLETE: no connection could be checked; \d failures? below\./,
          );
        });
      }
    }

    it('a list that may not be read', async () => {
      airflow.setFault(({ path: to }) =>
        to === '/api/v2/connections' ? { status: 403, body: { detail: 'Forbidden' } } : undefined,
      );
      const { failures } = await previewOnce(await configure(['{match: "*_ecr"}']), 0);
      assert.deepEqual(
        failures.map(({ stage, type }) => [stage, type]),
        [['inspect', 'StoreForbidden']],
      );
    });

    it('an Airflow Variable that is missing', async () => {
      const account = '{airflow: main, airflowVariable: ecr_account}';
      const shown = await previewOnce(await configure(['{id: good, registry: local}'], account), 0);
      assert.deepEqual(
        shown.failures.map(({ scope, type }) => [scope, type]),
        [['registry', 'AirflowVariableMissing']],
      );
      assert.match(formatPreview(shown), /^Dry run INCOMPLETE: /);
    });

    it('one connection that cannot be read', async () => {
      airflow.setFault(({ path: to }) => (to.endsWith('/connections/bad') ? { status: 500 } : undefined));
      const shown = await previewOnce(await configure(['good', 'bad', 'gone']), 0);
      const named = [
        ...shown.connections,
        ...shown.failures.map(({ connections: ids }) => ({ connection: ids.join() })),
      ];
      assert.deepEqual(named.map(({ connection }) => connection).toSorted(byText), ['bad', 'gone', 'good']);
      assert.equal(shown.failures.length, 1);
    });
  });

  it('shows failures that affect more than one connection in a dry run', async () => {
    aws.setFault(() => ({ error: 'AccessDeniedException' }));
    const preview = await previewOnce(await configure(['good', 'bad']), 0);
    assert.deepEqual(
      preview.failures.map(({ stage, type }) => [stage, type]),
      [['extract', 'AwsAccessDenied']],
    );
    assert.deepEqual(
      preview.connections.map(({ connection, action }) => [connection, action]),
      [['bad', 'leave']],
    );
    assert.deepEqual(passwords(), ['old', 'old']);
  });
});

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
