// The connection and the Airflow user that docs/getting-started.md describes, created with its commands in Airflow 3 and
// 2.10 with FAB, installed for real: the user can do what the document states, and no more.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Cleanup } from '../../sandbox/cleanup.js';
import { findPython } from '../../sandbox/python-tools.js';
import { runCommand } from '../../sandbox/run-command.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import {
  readDecryptedPassword,
  seedConnection,
  seedVariable,
  startAirflow,
  type Airflow,
} from '../support/airflow.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

const TEXT = readFileSync(new URL('../../docs/getting-started.md', import.meta.url), 'utf8');
const PASSWORD = 'correct horse battery staple';

const PLAIN = '[docker_default]';
const CREATED = '[{id: docker_new, registry: test, ifMissing: create}]';
const OF_VARIABLES = '[{id: docker_variables, registry: variables}]';

/** The host of the connection that the document adds. */
const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** The blocks of commands for the machine of Airflow: for the connection, the user and its other permissions. */
function findAirflowBlocks(): string[] {
  const blocks = TEXT.matchAll(/^```bash\n(# on the machine of Airflow\n.*?)^```$/gms);
  return [...blocks].map(([, block = '']) => block);
}

/** The first match of the pattern, with white space as in one line. */
function findInText(pattern: RegExp): string {
  const found = pattern.exec(TEXT)?.[1];
  assert.ok(found, String(pattern));
  return found.replaceAll(/\s+/g, ' ').trim();
}

describe('the Airflow user of docs/getting-started.md', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  const airflows = new Map<string, Airflow>();
  let stateFolder: string;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async function () {
    await findPython(12).catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-users-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
    const backends = findInText(/`AIRFLOW__API__AUTH_BACKENDS=([^`]+)`/);
    for (const [name, version] of [
      ['v3', '3.3'],
      ['v2', '2.10'],
    ] as const) {
      const env = version === '2.10' ? { AIRFLOW__API__AUTH_BACKENDS: backends } : {};
      const airflow = stops.add(await startAirflow({ stateFolder, version, auth: 'fab', env }));
      airflows.set(name, airflow);
      const docker = { conn_type: 'docker', login: 'AWS', password: 'expired', host: ECR_HOST };
      await seedConnection(airflow, { ...docker, connection_id: 'docker_variables' });
      await seedVariable(airflow, 'account', '123456789012');
      await seedVariable(airflow, 'region', 'us-east-1');
    }
    const [addConnection = '', createUser = ''] = findAirflowBlocks();
    assert.ok(addConnection.includes(ECR_HOST));
    await runOnAirflows(addConnection.replace(ECR_HOST, registry.host));
    await runOnAirflows(createUser, `${PASSWORD}\n${PASSWORD}\n`);
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  /** Runs the commands on each Airflow, without a terminal: what a command asks for, it reads from the input. */
  async function runOnAirflows(commands: string, input = ''): Promise<string[]> {
    const runs = [...airflows.values()].map(async ({ python, env }) => {
      const path = [dirname(python), env['PATH']].join(delimiter);
      const options = { env: { ...env, PATH: path }, cwd: stateFolder, input, timeoutMs: 250_000 };
      return (await runCommand('bash', ['-e', '-c', commands], options)).stdout;
    });
    return Promise.all(runs);
  }

  async function command(args: readonly string[], connections: string): Promise<CommandResult> {
    const file = join(stateFolder, 'refresh.yaml');
    const entries = [...airflows].map(
      ([name, { url }]) => `  - name: ${name}
    url: ${url}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: ${connections}
`,
    );
    const registries = `  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
  - {name: variables, account: {airflowVariable: account, airflow: v3}, region: {airflowVariable: region, airflow: v2}}
`;
    writeFileSync(
      file,
      `version: 1\nairflows:\n${entries.join('')}registries:\n${registries}docker: {engines: []}\n`,
    );
    return runCommandLine(args, {
      ...process.env,
      ...aws.env,
      AIRFLOW_PASSWORD: PASSWORD,
      ECR_REFRESH_CONFIG: file,
      // With a network connection, the real ECR host would reject the stand-in's token.
      HTTPS_PROXY: 'http://127.0.0.1:1',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
  }

  async function refresh(connections: string): Promise<RefreshReport> {
    const { stdout, stderr } = await command(['refresh-once', '--json', '--retry-for', '1s'], connections);
    assert.equal(stderr, '');
    return JSON.parse(stdout) as RefreshReport;
  }

  async function assertRefreshed(connections: string, id: string): Promise<void> {
    const report = await refresh(connections);
    assert.deepEqual(report.failures, []);
    for (const airflow of airflows.values()) {
      const password = await readDecryptedPassword(airflow, id);
      assert.equal(aws.check(password ?? ''), 'valid');
    }
  }

  async function assertForbidden(connections: string, message: RegExp): Promise<void> {
    const { failures } = await refresh(connections);
    assert.equal(failures.length, airflows.size);
    for (const failure of failures) {
      assert.equal(failure.type, 'StoreForbidden');
      assert.match(failure.message, message);
    }
  }

  it('passes doctor, and a run refreshes its connection', async () => {
    const { stdout } = await command(['doctor'], PLAIN);
    for (const name of airflows.keys()) {
      assert.match(
        stdout,
        new RegExp(`^ok +Airflow ${name}: login succeeded, connections can be read$`, 'm'),
      );
      assert.match(stdout, new RegExp(`^ok +connection docker_default of ${name}: is valid`, 'm'));
    }
    await assertRefreshed(PLAIN, 'docker_default');
  });

  it('may neither create connections nor read variables', async () => {
    await assertForbidden(CREATED, /the user is not allowed to create connections/);
    await assertForbidden(OF_VARIABLES, /the user is not allowed to read variables/);
  });

  it('may do both after the commands for `ifMissing: create` and `airflowVariable`', async () => {
    await runOnAirflows(findAirflowBlocks()[2] ?? '');
    await assertRefreshed(CREATED, 'docker_new');
    await assertRefreshed(OF_VARIABLES, 'docker_variables');
  });

  it('cannot log in after its password was reset; doctor then prints what the document shows', async () => {
    const reset = findInText(/`(airflow users reset-password [^`]+)`/);
    await runOnAirflows(reset, 'another password\nanother password\n');
    const { stdout } = await command(['doctor'], PLAIN);
    const printed = stdout.replaceAll(/\s+/g, ' ').replaceAll('Airflow v3:', 'Airflow main:');
    const shown = findInText(/^```\n(FAILED +Airflow main: StoreUnauthorized.*?)^```$/ms);
    for (const part of shown.split('[…]')) assert.ok(printed.includes(part.trim()), `${part}\n${stdout}`);
  });
});
