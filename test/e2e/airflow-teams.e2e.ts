// A real Airflow with teams: a write keeps the team of a connection, and a connection of a team that the worker's user
// does not belong to fails alone. Takes two minutes, so it runs only with TEST_ALL=true.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../../sandbox/cleanup.js';
import { findPython } from '../../sandbox/python-tools.js';
import { runCommand } from '../../sandbox/run-command.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import {
  airflowKind,
  readConnection,
  readConnectionRow,
  readDecryptedPasswords,
  seedConnection,
  startAirflow,
  type Airflow,
} from '../support/airflow.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine } from './run-command-line.js';

const KIND = airflowKind('3.4');
const TEAM = 'data_science';
const OTHER_TEAM = 'marketing';
/** The worker's user `op` belongs to one team only. */
const USERS = `admin:admin:${TEAM}|${OTHER_TEAM},op:op:${TEAM},viewer:viewer`;
/** This number causes bulk requests. */
const MANY = Array.from({ length: 25 }, (_, index) => `many_${index}`);

const describeOnDemand = process.env['TEST_ALL'] === 'true' ? describe : describe.skip;

describeOnDemand(`Airflow ${KIND.release} with teams`, function () {
  this.timeout(600_000);
  const stops = new Cleanup();
  let stateFolder: string;
  let airflow: Airflow;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async function () {
    const { version, newestPython, oldestPython } = KIND;
    await findPython(newestPython, oldestPython).catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-teams-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
    const env = {
      AIRFLOW__CORE__MULTI_TEAM: 'True',
      AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: USERS,
    };
    airflow = stops.add(await startAirflow({ stateFolder, version, env }));
    for (const team of [TEAM, OTHER_TEAM]) {
      await runCommand(airflow.python, ['-m', 'airflow', 'teams', 'create', team], { env: airflow.env });
    }
    for (const id of ['alone', ...MANY]) await seed(id, TEAM);
    await seed('of_no_team', null);
    await seed('of_other_team', OTHER_TEAM);
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  async function seed(connection_id: string, team_name: string | null): Promise<void> {
    const connection = { connection_id, conn_type: 'docker', host: registry.host, login: 'AWS', team_name };
    await seedConnection(airflow, { ...connection, password: 'expired', extra: '{"api_key": "kept"}' });
  }

  async function refreshOnce(connections: string): Promise<RefreshReport> {
    const { username, password } = airflow.users.worker;
    const file = join(stateFolder, 'refresh.yaml');
    writeFileSync(
      file,
      `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: ${username}, password: {env: AIRFLOW_PASSWORD}}
    connections: ${connections}
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
docker: {engines: []}
`,
    );
    const env = { ...process.env, ...aws.env, AIRFLOW_PASSWORD: password, ECR_REFRESH_CONFIG: file };
    const { stdout, stderr } = await runCommandLine(['refresh-once', '--retry-for', '5s', '--json'], env);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as RefreshReport;
  }

  /** The row as before, with the newest token. */
  async function assertWritten(id: string, before: Record<string, string> | undefined): Promise<void> {
    const row = await readConnectionRow(airflow, id);
    assert.deepEqual({ ...row, password: '' }, { ...before, password: '' });
    const { [id]: password } = await readDecryptedPasswords(airflow, [id]);
    assert.equal(password, aws.issued.at(-1)?.password);
  }

  for (const { title, connections, written } of [
    { title: 'written alone', connections: '[alone]', written: 'alone' },
    { title: 'written with many others', connections: '[{match: "many_*"}]', written: MANY[7] ?? '' },
    { title: 'that has no team', connections: '[of_no_team]', written: 'of_no_team' },
  ]) {
    it(`changes only the password of a connection ${title}`, async () => {
      const before = await readConnectionRow(airflow, written);
      const report = await refreshOnce(connections);
      assert.deepEqual(report.failures, []);
      await assertWritten(written, before);
      const team = written === 'of_no_team' ? null : TEAM;
      assert.equal((await readConnection(airflow, written))?.['team_name'], team);
    });
  }

  it('reports only the connection of a team that the user does not belong to', async () => {
    const before = await readConnectionRow(airflow, 'alone');
    const report = await refreshOnce('[of_other_team, alone, {match: "*"}]');
    assert.deepEqual(
      report.failures.map(({ type, connections }) => [type, connections]),
      [['StoreForbidden', ['of_other_team']]],
    );
    assert.match(report.failures[0]?.remedy ?? '', /add the user to the team of the connection/);
    assert.equal(report.stores[0]?.refreshed, MANY.length + 2);
    await assertWritten('alone', before);
  });
});
