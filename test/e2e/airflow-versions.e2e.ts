// One configuration for every supported Airflow version, each installed for real: which connections are written, which
// are rejected, and what happens without the minimum role. Compares whole rows of the databases.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  readConnectionRow,
  readDecryptedPasswords,
  seedConnection,
  seedVariable,
  startAirflow,
  type Airflow,
  type AirflowUser,
  type AirflowUsers,
  type SeedConnection,
} from '../support/airflow.js';
import { readAuditLog } from '../support/airflow/database.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { findPython } from '../../sandbox/python-tools.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { FailureType } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { Preview } from '../../src/refresh-once/refresh-once.js';
import { airflowKindsToTest } from './airflow-kinds.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

const KINDS = airflowKindsToTest('newest');
/** This number causes bulk requests where Airflow supports them. */
const MANY = Array.from({ length: 25 }, (_, index) => `many_${String(index).padStart(2, '0')}`);
const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** Of Airflow 3: version 2 accepts only ASCII letters when a connection is created. */
const WITH_LETTERS = ['döcker_ecr', '数据_ecr', '𝔘_ecr'];

/** Connections that must not be changed, and the failure expected for each. */
const REJECTED: Readonly<Record<string, { type: FailureType; changes: Partial<SeedConnection> }>> = {
  of_other_type: { type: 'ConnectionTypeMismatch', changes: { conn_type: 'http' } },
  of_other_registry: { type: 'ConnectionRegistryUnknown', changes: { host: 'ghcr.io' } },
  with_port: { type: 'ConnectionPortSet', changes: { port: 443 } },
  of_other_login: { type: 'ConnectionLoginMismatch', changes: { login: 'ops' } },
  without_reauth: { type: 'ConnectionReauthDisabled', changes: { extra: '{"reauth": false}' } },
  with_unknown_reauth: { type: 'ConnectionExtraInvalid', changes: { extra: '{"reauth": "maybe"}' } },
};

describe('one configuration for several Airflow versions', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  const airflows = new Map<string, Airflow>();
  let stateFolder: string;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async function () {
    this.timeout(900_000); // the first time, it installs all of them
    await findPython(12, 11).catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-versions-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
    for (const { name, version, auth } of KINDS) {
      const airflow = stops.add(await startAirflow({ stateFolder, version, auth }));
      airflows.set(name, airflow);
      await seed(airflow);
    }
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  async function seed(airflow: Airflow): Promise<void> {
    const plain = {
      conn_type: 'docker',
      host: registry.host,
      login: 'AWS',
      password: 'expired',
      schema: 'production',
      // Airflow returns some of it masked, and must not store the mask.
      extra: '{"email": "ops@example.com", "reauth": "yes", "secret_key": "not for the API"}',
      description: 'ECR, for the data team',
    };
    for (const connection_id of ['docker_default', 'bystander', ...MANY]) {
      await seedConnection(airflow, { connection_id, ...plain });
    }
    await seedConnection(airflow, { connection_id: 'alone', ...plain, port: 0 });
    for (const connection_id of airflow.api === 2 ? WITH_LETTERS : []) {
      await seedConnection(airflow, { connection_id, ...plain });
    }
    for (const [connection_id, { changes }] of Object.entries(REJECTED)) {
      await seedConnection(airflow, { connection_id, ...plain, ...changes });
    }
    await seedConnection(airflow, { connection_id: 'of_variables', ...plain, host: ECR_HOST });
    await seedVariable(airflow, 'ecr_aws_account', '123456789012');
    await seedVariable(airflow, 'ecr_aws_region_name', 'us-east-1');
  }

  /** Writes a configuration of all Airflow instances, each with the login of this user. */
  function writeConfig(connections: string, user: keyof AirflowUsers = 'worker', registries = ''): string {
    const file = join(stateFolder, 'refresh.yaml');
    const entries = [...airflows].flatMap(([name, { url, users }]) => {
      const login = users[user];
      return login === undefined ? [] : [entry(name, url, login, connections)];
    });
    const named = `  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}`;
    const text = `version: 1\nairflows:\n${entries.join('')}registries:\n${named}\n${registries}docker: {engines: []}\n`;
    writeFileSync(file, text);
    return file;
  }

  function entry(
    name: string,
    url: string,
    { username, password }: AirflowUser,
    connections: string,
  ): string {
    const file = join(stateFolder, `password-${name}`);
    writeFileSync(file, password, { mode: 0o600 });
    return `  - name: v${name.replaceAll('.', '-')}
    url: ${url}
    auth: {username: ${username}, password: {file: ${file}}}
    connections: ${connections}
`;
  }

  function command(args: readonly string[], config: string): Promise<CommandResult> {
    // With a network connection, the real ECR hosts would reject the stand-in's token.
    const env = { ...process.env, ...aws.env, HTTPS_PROXY: 'http://127.0.0.1:1', ECR_REFRESH_CONFIG: config };
    return runCommandLine([...args, '--json'], env);
  }

  async function refreshOnce(config: string): Promise<RefreshReport> {
    const { stdout, stderr } = await command(['refresh-once', '--retry-for', '120s'], config);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as RefreshReport;
  }

  async function readRows(
    airflow: Airflow,
    ids: readonly string[],
  ): Promise<(Record<string, string> | undefined)[]> {
    return Promise.all(ids.map((id) => readConnectionRow(airflow, id)));
  }

  const written = ['docker_default', ...MANY];
  const unchanged = ['bystander', ...Object.keys(REJECTED)];
  const everything = `[docker_default, {match: "many_*"}, gone, ${Object.keys(REJECTED).join(', ')}]`;

  it('lists in a dry run what would be written, and writes nothing', async () => {
    const before = await Promise.all(
      [...airflows.values()].map((airflow) => readRows(airflow, [...written, ...unchanged])),
    );
    const logs = await Promise.all([...airflows.values()].map(readAuditLog));
    const { code, stdout } = await command(['refresh-once', '--dry-run'], writeConfig(everything));
    assert.equal(code, 1, 'the dry run reported no rejected connection');
    const { connections } = JSON.parse(stdout) as Preview;
    const writes = connections.filter(({ action }) => action === 'write');
    assert.equal(writes.length, airflows.size * written.length);
    assert.equal(connections.length - writes.length, airflows.size * (Object.keys(REJECTED).length + 1));
    const after = await Promise.all(
      [...airflows.values()].map((airflow) => readRows(airflow, [...written, ...unchanged])),
    );
    assert.deepEqual(after, before);
    assert.deepEqual(
      await Promise.all([...airflows.values()].map(readAuditLog)),
      logs,
      'the audit log has a write',
    );
  });

  it('changes only the password of valid connections, and nothing in invalid ones', async () => {
    const before = new Map<string, (Record<string, string> | undefined)[]>();
    for (const [name, airflow] of airflows)
      before.set(name, await readRows(airflow, [...written, ...unchanged]));
    const report = await refreshOnce(writeConfig(everything));

    for (const { store: airflow, refreshed } of report.stores)
      assert.equal(refreshed, written.length, airflow);
    assert.equal(report.stores.length, airflows.size);
    for (const [name, airflow] of airflows) {
      const failures = report.failures.filter((failure) => failure.store === `v${name.replaceAll('.', '-')}`);
      const expected = [
        ...Object.entries(REJECTED).map(([id, { type }]) => [type, id]),
        ['ConnectionMissing', 'gone'],
      ];
      assert.deepEqual(
        new Set(failures.map(({ type, connections }) => `${type} ${connections.join()}`)),
        new Set(expected.map((pair) => pair.join(' '))),
      );

      const after = await readRows(airflow, [...written, ...unchanged]);
      (before.get(name) ?? []).forEach((row, index) => {
        const isWritten = index < written.length;
        assert.ok(row);
        if (isWritten) assert.notEqual(after[index]?.['password'], row['password']);
        const changes = isWritten ? { password: after[index]?.['password'] } : {};
        assert.deepEqual(after[index], { ...row, ...changes });
      });
      const passwords = Object.values(await readDecryptedPasswords(airflow, written));
      assert.equal(new Set(passwords).size, 1, 'the connections have different tokens');
      assert.equal(aws.check(passwords[0] ?? ''), 'valid');
    }
  });

  it('changes only the password of a connection that is written alone, with port 0', async () => {
    const before = await Promise.all([...airflows.values()].map((airflow) => readRows(airflow, ['alone'])));
    const report = await refreshOnce(writeConfig('[alone]'));
    assert.deepEqual(report.failures, []);
    for (const [index, airflow] of [...airflows.values()].entries()) {
      const [[row], [rowBefore]] = [await readRows(airflow, ['alone']), before[index] ?? []];
      assert.ok(row && rowBefore);
      assert.deepEqual(row, { ...rowBefore, password: row['password'] });
      const passwords = await readDecryptedPasswords(airflow, ['alone']);
      assert.equal(passwords['alone'], aws.issued.at(-1)?.password);
    }
  });

  it('writes connections whose ids have letters of all languages, alone and many at once', async () => {
    const [first = ''] = WITH_LETTERS;
    const decomposed = first.normalize('NFD');
    assert.notEqual(decomposed, first);
    for (const { connections, ids } of [
      { connections: `[${first}, ${decomposed}]`, ids: [first] },
      { connections: `[${decomposed}, {match: "*?_ecr"}, {match: "many_*"}]`, ids: WITH_LETTERS },
    ]) {
      const report = await refreshOnce(writeConfig(connections));
      for (const [name, airflow] of [...airflows].filter(([, { api }]) => api === 2)) {
        const failures = report.failures.filter(({ store }) => store === `v${name.replaceAll('.', '-')}`);
        assert.deepEqual(
          failures.map((failure) => [failure.type, failure.connections]),
          [['ConnectionMissing', [decomposed]]],
        );
        const passwords = Object.values(await readDecryptedPasswords(airflow, ids));
        assert.deepEqual(new Set(passwords), new Set([aws.issued.at(-1)?.password]));
        assert.equal(passwords.length, ids.length);
      }
    }
  });

  it('creates a missing connection with all its fields for `ifMissing: create`', async () => {
    const config = writeConfig('[{id: made, registry: test, ifMissing: create}]', 'creator');
    const report = await refreshOnce(config);
    assert.deepEqual(report.failures, []);
    for (const airflow of airflows.values()) {
      const passwords = await readDecryptedPasswords(airflow, ['made']);
      assert.equal(aws.check(passwords['made'] ?? ''), 'valid');
      const row = await readConnectionRow(airflow, 'made');
      const text = (column: string) => Buffer.from(row?.[column]?.split(':')[1] ?? '', 'hex').toString();
      assert.deepEqual([text('conn_type'), text('host'), text('login')], ['docker', registry.host, 'AWS']);
    }
    const again = await refreshOnce(config);
    assert.deepEqual([again.outcome, again.stores.length], ['refreshed', airflows.size]);
  });

  it('reads account and region from Airflow Variables', async () => {
    const [first] = airflows.keys();
    const name = `v${first?.replaceAll('.', '-')}`;
    const registries = `  - {name: main, account: {airflowVariable: ecr_aws_account, airflow: ${name}}, region: {airflowVariable: ecr_aws_region_name, airflow: ${name}}}\n`;
    const config = writeConfig('[{id: of_variables, registry: main}]', 'variableReader', registries);
    const report = await refreshOnce(config);
    assert.deepEqual(report.failures, []);
    assert.deepEqual(
      report.stores.map((row) => [row.registry, row.refreshed]),
      [...airflows].map(() => [ECR_HOST, 1]),
    );
  });

  for (const { user, permission } of [
    { user: 'reader', permission: 'edit' },
    { user: 'unprivileged', permission: 'read' },
  ] as const) {
    it(`reports that the user is not allowed to ${permission} connections`, async () => {
      const report = await refreshOnce(writeConfig('[docker_default]', user));
      const affected = [...airflows.values()].filter(({ users }) => users[user] !== undefined);
      assert.equal(report.failures.length, affected.length);
      for (const failure of report.failures) {
        assert.equal(failure.type, 'StoreForbidden');
        assert.match(failure.message, new RegExp(`is not allowed to ${permission} connections`));
      }
    });
  }
});
