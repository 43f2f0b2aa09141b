// Real Airflow 3.3 and 2.10 with connections that environment variables and a secrets backend override: what `doctor`
// reports, that the check writes nothing, and that nothing is reported where Airflow exposes nothing.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  readConnectionRow,
  seedConnection,
  startAirflow,
  type Airflow,
  type AirflowUser,
  type AirflowVersion,
} from '../support/airflow.js';
import { readAuditLog } from '../support/airflow/database.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { findPython } from '../../sandbox/python-tools.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { runCommand } from '../../sandbox/run-command.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { Check } from '../../src/doctor/check.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine } from './run-command-line.js';

const SEEDED = ['plain', 'in_variable', 'same_host', 'in_file'];
const ARGUMENT = 'argument-of-the-backend';
const BACKEND = /^Airflow main: uses a secrets backend \(LocalFilesystemBackend\): /;
/** The connections that are reported; `same_host` cannot be detected. */
const HIDDEN = [
  /^connection in_variable of main: is overridden by an environment variable/,
  /^connection in_file of main: is overridden by an environment variable/,
  /^connection only_variable of main: is not in the database but in an environment variable/,
];

describe('overridden connections', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  let stateFolder: string;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async function () {
    await findPython(12).catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-overrides-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  async function start(version: AirflowVersion, env: Record<string, string> = {}): Promise<Airflow> {
    const folder = mkdtempSync(join(stateFolder, 'airflow-'));
    const airflow = stops.add(await startAirflow({ stateFolder: folder, version, env }));
    for (const connection_id of SEEDED) {
      const fields = { conn_type: 'docker', host: registry.host, login: 'AWS', password: 'expired' };
      await seedConnection(airflow, { connection_id, ...fields });
    }
    return airflow;
  }

  /** Environment of an Airflow that overrides connections, exposes its configuration and allows connection tests. */
  function overridingEnv(): Record<string, string> {
    const folder = join(stateFolder, ARGUMENT);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'connections.json');
    writeFileSync(file, JSON.stringify({ in_file: 'docker://AWS:hidden@of-the-file.example.com' }));
    return {
      AIRFLOW__CORE__TEST_CONNECTION: 'Enabled',
      AIRFLOW__API__EXPOSE_CONFIG: 'True',
      AIRFLOW__WEBSERVER__EXPOSE_CONFIG: 'True',
      AIRFLOW__SECRETS__BACKEND: 'airflow.secrets.local_filesystem.LocalFilesystemBackend',
      AIRFLOW__SECRETS__BACKEND_KWARGS: JSON.stringify({ connections_file_path: file }),
      AIRFLOW_CONN_IN_VARIABLE: 'docker://AWS:hidden@other.example.com',
      AIRFLOW_CONN_ONLY_VARIABLE: 'docker://AWS:hidden@other.example.com',
      AIRFLOW_CONN_SAME_HOST: JSON.stringify({ conn_type: 'docker', host: registry.host, login: 'AWS' }),
    };
  }

  /** Runs a command for all connections and one that does not exist, and returns its output. */
  async function command(airflow: Airflow, user: AirflowUser, ...args: string[]): Promise<unknown> {
    const password = join(stateFolder, 'password');
    writeFileSync(password, user.password, { mode: 0o600 });
    const config = join(stateFolder, 'refresh.yaml');
    writeFileSync(
      config,
      `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: ${user.username}, password: {file: ${password}}}
    connections: [${SEEDED.join(', ')}, only_variable, nowhere]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
docker: {engines: []}
`,
    );
    const env = { ...process.env, ...aws.env, ECR_REFRESH_CONFIG: config };
    const { stdout, stderr } = await runCommandLine([...args, '--json'], env);
    assert.doesNotMatch(stdout + stderr, new RegExp(`${ARGUMENT}|hidden@|example\\.com`));
    return JSON.parse(stdout) as unknown;
  }

  async function doctorWarnings(airflow: Airflow, user = airflow.users.worker): Promise<string[]> {
    const { checks } = (await command(airflow, user, 'doctor')) as { checks: Check[] };
    assert.ok(checks.some(({ message }) => message.includes('connections can be read')));
    return checks
      .filter(({ target, outcome }) => target.endsWith(' main') && outcome === 'warning')
      .map(({ target, message }) => `${target}: ${message}`);
  }

  function assertAll(warnings: readonly string[]): void {
    const expected = [BACKEND, ...HIDDEN];
    for (const pattern of expected)
      assert.ok(
        warnings.some((warning) => pattern.test(warning)),
        String(pattern),
      );
    assert.equal(warnings.length, expected.length, warnings.join('\n'));
  }

  async function readState(airflow: Airflow): Promise<unknown> {
    const rows = await Promise.all(SEEDED.map((id) => readConnectionRow(airflow, id)));
    return { rows, log: await readAuditLog(airflow) };
  }

  /** Returns the output of the documented DAG for a connection, run in the environment of the Airflow server. */
  async function runDocumentedDag(airflow: Airflow, id: string): Promise<string> {
    const document = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
    const code = /```python\n(.*?)```/s.exec(document)?.[1] ?? '';
    assert.match(code, /"docker_default"[^]*\nwhich_docker_connection\(\)\n$/);
    const folder = mkdtempSync(join(stateFolder, 'dags-'));
    const program = join(folder, 'which_docker_connection.py');
    const once = 'dag = which_docker_connection()\nif __name__ == "__main__":\n    dag.test()\n';
    writeFileSync(
      program,
      code.replace('docker_default', id).replace(/which_docker_connection\(\)\n$/, once),
    );
    const env = { ...airflow.env, HOME: folder, AIRFLOW__CORE__DAGS_FOLDER: folder };
    const { stdout, stderr } = await runCommand(airflow.python, [program], { env, timeoutMs: 120_000 });
    return stdout + stderr;
  }

  describe('in an Airflow 3.3 that exposes its configuration and allows connection tests', () => {
    let airflow: Airflow;

    before(async () => {
      airflow = await start('3.3', overridingEnv());
    });

    it('are reported by doctor, which writes nothing to detect them', async () => {
      const before = await readState(airflow);
      assertAll(await doctorWarnings(airflow));
      assert.deepEqual(await readState(airflow), before);
    });

    it('are refreshed without effect: tasks get the new token only from other connections', async () => {
      const args = ['refresh-once', '--retry-for', '1s'];
      const report = (await command(airflow, airflow.users.worker, ...args)) as RefreshReport;
      assert.deepEqual(report.warnings, []);
      assert.equal(report.stores[0]?.refreshed, SEEDED.length);
      assert.deepEqual(
        report.failures.map(({ type, connections }) => [type, connections]),
        [['ConnectionMissing', ['only_variable', 'nowhere']]],
      );
      const fingerprint = report.stores[0]?.fingerprint ?? assert.fail('no token was written');
      assert.match(await runDocumentedDag(airflow, 'plain'), new RegExp(`fingerprint: ${fingerprint}`));
      const hidden = await runDocumentedDag(airflow, 'in_variable');
      assert.match(hidden, /host: other\.example\.com/);
      assert.match(hidden, /fingerprint: no token/);
    });
  });

  it('are not reported where Airflow 3.3 exposes nothing', async () => {
    const { AIRFLOW_CONN_IN_VARIABLE = '', AIRFLOW__SECRETS__BACKEND = '' } = overridingEnv();
    const airflow = await start('3.3', { AIRFLOW_CONN_IN_VARIABLE, AIRFLOW__SECRETS__BACKEND });
    assert.deepEqual(await doctorWarnings(airflow), []);
  });

  it('show only as a secrets backend in Airflow 2.10, to users who may read the configuration', async () => {
    const airflow = await start('2.10', overridingEnv());
    const before = await readState(airflow);
    const warnings = await doctorWarnings(airflow, airflow.users.admin);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', BACKEND);
    assert.deepEqual(
      await doctorWarnings(airflow),
      [],
      'the least-privileged role can read the configuration',
    );
    assert.deepEqual(await readState(airflow), before);
  });
});
