// What users see of a bad configuration, by every command: place and remedy, exit code 78, no secret, and not one
// request to Airflow, AWS or Temporal. test/config/ has all the other ways in which a configuration can be bad.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { Check } from '../../src/doctor/check.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

/** Stands where a secret must not stand, or near a fault. */
const CANARY = 'canary-77d0e1';
const PASSWORD = 'correct horse';

/** The doctor prints its findings; the others have nothing to print but the error. */
const COMMANDS = [
  'worker',
  'refresh-once',
  'schedule apply',
  'status --json',
  'doctor --offline --json',
] as const;
/** Tried with one file alone, since each is a process that takes a second. */
const MORE_COMMANDS = ['refresh-once --dry-run --json', 'schedule trigger --wait --json', 'doctor'] as const;

interface BadFile {
  readonly title: string;
  /** Puts a file into its place, or leaves it out. */
  readonly make: (path: string, airflowUrl: string) => void;
  readonly commands?: readonly string[];
  /** Of each fault: what follows the path of the file, the message and the remedy. */
  readonly faults: readonly { place: string; message: RegExp; remedy: RegExp }[];
}

const BAD_FILES: BadFile[] = [
  {
    title: 'a missing file',
    make: () => {},
    faults: [{ place: '', message: /does not exist/, remedy: /cp refresh\.example\.yaml refresh\.yaml/ }],
  },
  {
    // Missing permissions are no hindrance to root, as whom tests may run; a link to itself is one to everybody.
    title: 'an unreadable file',
    make: (path) => symlinkSync(path, path),
    faults: [{ place: '', message: /cannot be read \(ELOOP\)/, remedy: /Check the file/ }],
  },
  {
    title: 'a file that everybody may write',
    make(path, airflowUrl) {
      writeFileSync(path, good(airflowUrl));
      chmodSync(path, 0o666);
    },
    faults: [{ place: '', message: /world-writable/, remedy: /chmod o-w/ }],
  },
  {
    title: 'a syntax error beside a secret',
    make: (path, airflowUrl) => writeFileSync(path, `${good(airflowUrl)}x: "${CANARY}\n`),
    faults: [{ place: ':8:4', message: /invalid YAML: .*quote/, remedy: /Check .* quotes/ }],
  },
  {
    title: 'a variable that is not set, beside an airflow that lacks nothing',
    make: (path, airflowUrl) => writeFileSync(path, good(airflowUrl) + UNSET_VARIABLE),
    faults: [
      {
        place: ':10 airflows[1].auth.password',
        message: /variable NOT_SET is not set/,
        remedy: /Set NOT_SET/,
      },
    ],
  },
  {
    title: 'many faults, beside an airflow that has none',
    commands: [...COMMANDS, ...MORE_COMMANDS],
    make: (path, airflowUrl) => writeFileSync(path, good(airflowUrl) + MANY_FAULTS),
    faults: [
      { place: ':9 airflows[1].url', message: /user name or password/, remedy: /set `auth`/ },
      {
        place: ':10 airflows[1].auth.password',
        message: /must not be in plain text/,
        remedy: /password: \{env: AIRFLOW_PASSWORD\}/,
      },
      {
        place: ':10 airflows[1].auth.usernam',
        message: /unknown setting/,
        remedy: /Did you mean `username`/,
      },
      {
        place: ':11 airflows[1].connections[0]',
        message: /not a valid connection id/,
        remedy: /docker_default/,
      },
      { place: ':12 docker.engines[0]', message: /ssh:\/\/ is not supported/, remedy: /tcp:\/\/ with TLS/ },
      { place: ':13 schedule.every', message: /too long for tokens/, remedy: /every: 4h/ },
      { place: ':14 temporal.taskQueue', message: /at most 200/, remedy: /taskQueue: ecr-refresh/ },
    ],
  },
];

const UNSET_VARIABLE = `  - name: b
    url: https://airflow.internal
    auth: {username: u, password: {env: NOT_SET}}
    connections: [a]
`;

const MANY_FAULTS = `  - name: b
    url: https://u:${CANARY}@airflow.internal
    auth: {usernam: u, password: ${CANARY}}
    connections: [a b]
docker: {engines: ["ssh://user@127.0.0.1"]}
schedule: {every: 13h}
temporal: {taskQueue: ""}
`;

/** Seven lines without a fault. A password that reached this airflow, or AWS, would be seen by the stand-ins. */
function good(airflowUrl: string): string {
  return `version: 1
registries: [{name: test, account: "123456789012", region: us-east-1, registryHost: "127.0.0.1:1"}]
airflows:
  - name: main
    url: ${airflowUrl}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
`;
}

/** Counts who connects, and hangs up. */
async function startTemporalTrap(): Promise<{
  address: string;
  count: () => number;
  stop: () => Promise<void>;
}> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { address, count: () => connections, stop };
}

describe('a bad configuration, by every command', function () {
  this.timeout(120_000);
  const stops = new Cleanup();
  let folder: string;
  let aws: AwsStandIn;
  let airflow: AirflowStandIn;
  let temporal: Awaited<ReturnType<typeof startTemporalTrap>>;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-bad-config-'));
    aws = stops.add(await startAwsStandIn());
    temporal = stops.add(await startTemporalTrap());
    airflow = stops.add(
      await startAirflowStandIn({
        users: [{ username: 'ecr-refresh', password: PASSWORD, role: 'op' }],
        connections: [
          {
            connection_id: 'docker_default',
            conn_type: 'docker',
            host: '127.0.0.1:1',
            login: 'AWS',
            password: 'old',
          },
        ],
      }),
    );
    env = { ...process.env, ...aws.env, AIRFLOW_PASSWORD: PASSWORD, TEMPORAL_ADDRESS: temporal.address };
    delete env['NOT_SET'];
  });

  after(async () => {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  });

  const run = (command: string, path: string): Promise<CommandResult> =>
    runCommandLine([...command.split(' '), '--config', path], env);

  for (const [index, { title, make, commands = COMMANDS, faults }] of BAD_FILES.entries()) {
    it(`${title} is refused with place and remedy, and nothing is asked of anybody`, async () => {
      const path = join(folder, `refresh-${index}.yaml`);
      make(path, airflow.url);
      const results = await Promise.all(commands.map((command) => run(command, path)));
      for (const [at, { code, stdout, stderr }] of results.entries()) {
        const command = commands[at] ?? '';
        assert.equal(code, 78, `${command}: ${stdout}${stderr}`);
        assertFaults(command, stdout, stderr, path, faults);
        assert.doesNotMatch(stdout + stderr, /^\s+at /m, `${command} shows a stack`);
        assert.ok(!(stdout + stderr).includes(CANARY), `${command} shows a secret`);
        assert.ok(!(stdout + stderr).includes(PASSWORD), `${command} shows the password`);
      }
      assert.deepEqual([airflow.requests.length, aws.calls.length, temporal.count()], [0, 0, 0]);
      assert.equal(airflow.connections.get('docker_default')?.password, 'old');
    });
  }

  it('is told apart from a good one, with which the same commands ask Airflow, AWS and Temporal', async () => {
    const path = join(folder, 'good.yaml');
    writeFileSync(path, good(airflow.url));
    const [refresh, status] = await Promise.all([
      run('refresh-once --json --retry-for 5s', path),
      run('status', path),
    ]);
    assert.notEqual(refresh.code, 78, refresh.stderr);
    assert.equal(status.code, 1, status.stderr);
    assert.ok(airflow.requests.length > 0 && aws.calls.length > 0 && temporal.count() > 0);
    assert.notEqual(airflow.connections.get('docker_default')?.password, 'old');
  });
});

/** Every fault, in the order of the file, and no others. */
function assertFaults(
  command: string,
  stdout: string,
  stderr: string,
  path: string,
  faults: BadFile['faults'],
): void {
  const shown = readFaults(command, stdout, stderr);
  assert.equal(shown.length, faults.length, `${command}: ${stdout}${stderr}`);
  for (const [index, { place, message, remedy }] of faults.entries()) {
    const { place: shownPlace, text } = shown[index] ?? { place: '', text: '' };
    assert.equal(shownPlace, `${path}${place}`, command);
    assert.match(text, message, command);
    assert.match(text, remedy, command);
  }
}

function readFaults(command: string, stdout: string, stderr: string): { place: string; text: string }[] {
  if (command.includes('doctor') && command.includes('--json')) {
    assert.equal(stderr, '');
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return checks.map(({ name, message, remedy }) => ({ place: name, text: `${message} ${remedy}` }));
  }
  if (command.includes('doctor')) {
    assert.equal(stderr, '');
    return splitLines(stdout.replace(/\n +What to do:/g, '')).map((line) =>
      splitFault(line.replace(/^FAILED +/, '')),
    );
  }
  assert.equal(stdout, '', command);
  const [heading, ...lines] = splitLines(stderr);
  assert.match(
    heading ?? '',
    /^The configuration is invalid \(\d+ problems?\)\. Nothing was changed\.$/,
    command,
  );
  return lines.map(splitFault);
}

function splitLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function splitFault(line: string): { place: string; text: string } {
  const end = line.indexOf(': ');
  return { place: line.slice(0, end), text: line.slice(end + 2) };
}
