// What each command prints for an invalid configuration: location and remedy, but no secret. It exits with 78, without
// any request to Airflow, AWS or Temporal. All other problems of a configuration are tested in test/config/.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { ErrorDocument } from '../../scripts/error-document.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { Check } from '../../src/doctor/check.js';
import { parseLog } from './doctor-fixture.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

/** A secret where it must not be, or next to a problem. */
const CANARY = 'canary-77d0e1';
const PASSWORD = 'correct horse';

/** `doctor` prints its checks; the others print only the error. */
const COMMANDS = [
  'worker',
  'refresh-once',
  'schedule apply',
  'schedule apply --json',
  'doctor --offline --json',
] as const;
/** Run for one file only, since each is a process that takes a second. */
const MORE_COMMANDS = ['refresh-once --dry-run --json', 'refresh-once --strict --json', 'doctor'] as const;

interface InvalidFile {
  readonly title: string;
  /** Writes the file, or leaves it missing. */
  readonly write: (path: string, airflowUrl: string) => void;
  readonly commands?: readonly string[];
  /** For each problem: what follows the path of the file, the message and the remedy. */
  readonly problems: readonly { place: string; message: RegExp; remedy: RegExp }[];
}

const INVALID_FILES: InvalidFile[] = [
  {
    title: 'a missing file',
    write: () => {},
    problems: [{ place: '', message: /does not exist/, remedy: /cp refresh\.example\.yaml refresh\.yaml/ }],
  },
  {
    // Root, who may run the tests, needs no permission to read; but no one can read a link to itself.
    title: 'an unreadable file',
    write: (path) => symlinkSync(path, path),
    problems: [
      { place: '', message: /too many symbolic links \(ELOOP\)/, remedy: /Correct the symbolic link/ },
    ],
  },
  {
    title: 'a world-writable file',
    write(path, airflowUrl) {
      writeFileSync(path, validConfig(airflowUrl));
      chmodSync(path, 0o666);
    },
    problems: [{ place: '', message: /world-writable/, remedy: /chmod o-w/ }],
  },
  {
    title: 'a syntax error next to a secret',
    write: (path, airflowUrl) => writeFileSync(path, `${validConfig(airflowUrl)}x: "${CANARY}\n`),
    problems: [{ place: ':8:4', message: /invalid YAML: .*quote/, remedy: /Check .* quotes/ }],
  },
  {
    title: 'an unset environment variable, next to a valid Airflow instance',
    write: (path, airflowUrl) => writeFileSync(path, validConfig(airflowUrl) + UNSET_VARIABLE),
    problems: [
      {
        place: ':10 airflows[1].auth.password',
        message: /variable NOT_SET is not set/,
        remedy: /Set NOT_SET/,
      },
    ],
  },
  {
    title: 'many problems, next to a valid Airflow instance',
    commands: [...COMMANDS, ...MORE_COMMANDS],
    write: (path, airflowUrl) => writeFileSync(path, validConfig(airflowUrl) + MANY_PROBLEMS),
    problems: [
      { place: ':9 airflows[1].url', message: /user name or password/, remedy: /set `auth`/ },
      {
        place: ':10 airflows[1].auth.password',
        message: /must not be in plain text/,
        remedy: /password: \{env: NAME\}/,
      },
      {
        place: ':10 airflows[1].auth.usernam',
        message: /is not a known setting/,
        remedy: /Use `username`/,
      },
      {
        place: ':11 airflows[1].connections[0]',
        message: /not a valid connection id: it contains a space/,
        remedy: /Use only letters, digits/,
      },
      { place: ':12 docker.engines[0]', message: /ssh:\/\/ is not supported/, remedy: /tcp:\/\/ with TLS/ },
      { place: ':13 schedule.every', message: /too long for tokens/, remedy: /every: 4h/ },
      { place: ':14 temporal.taskQueue', message: /is empty/, remedy: /taskQueue: ecr-refresh/ },
    ],
  },
];

const UNSET_VARIABLE = `  - name: b
    url: https://airflow.internal
    auth: {username: u, password: {env: NOT_SET}}
    connections: [a]
`;

const MANY_PROBLEMS = `  - name: b
    url: https://u:${CANARY}@airflow.internal
    auth: {usernam: u, password: ${CANARY}}
    connections: [a b]
docker: {engines: ["ssh://user@127.0.0.1"]}
schedule: {every: 13h}
temporal: {taskQueue: ""}
`;

/** Seven valid lines. The stand-ins would record a password sent to this Airflow or to AWS. */
function validConfig(airflowUrl: string): string {
  return `version: 1
registries: [{name: test, account: "123456789012", region: us-east-1, registryHost: "127.0.0.1:1"}]
airflows:
  - name: main
    url: ${airflowUrl}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
`;
}

/** Counts connections, and closes each. */
async function startConnectionCounter(): Promise<{
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

describe('commands with an invalid configuration', function () {
  this.timeout(120_000);
  const stops = new Cleanup();
  let folder: string;
  let aws: AwsStandIn;
  let airflow: AirflowStandIn;
  let temporal: Awaited<ReturnType<typeof startConnectionCounter>>;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-bad-config-'));
    aws = stops.add(await startAwsStandIn());
    temporal = stops.add(await startConnectionCounter());
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

  for (const [index, { title, write, commands = COMMANDS, problems }] of INVALID_FILES.entries()) {
    it(`report ${title} with location and remedy, and send no request`, async () => {
      const path = join(folder, `refresh-${index}.yaml`);
      write(path, airflow.url);
      const results = await Promise.all(commands.map((command) => run(command, path)));
      for (const [at, { code, stdout, stderr }] of results.entries()) {
        const command = commands[at] ?? '';
        assert.equal(code, 78, `${command}: ${stdout}${stderr}`);
        assertProblems(command, stdout, stderr, path, problems);
        assert.doesNotMatch(stdout + stderr, /^\s+at /m, `${command} prints a stack trace`);
        assert.ok(!(stdout + stderr).includes(CANARY), `${command} prints a secret`);
        assert.ok(!(stdout + stderr).includes(PASSWORD), `${command} prints the password`);
      }
      assert.deepEqual([airflow.requests.length, aws.calls.length, temporal.count()], [0, 0, 0]);
      assert.equal(airflow.connections.get('docker_default')?.password, 'old');
    });
  }

  it('send requests to Airflow, AWS and Temporal when the configuration is valid', async () => {
    const path = join(folder, 'valid.yaml');
    writeFileSync(path, validConfig(airflow.url));
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

/** Every problem, in the order of the file, and no others. */
function assertProblems(
  command: string,
  stdout: string,
  stderr: string,
  path: string,
  problems: InvalidFile['problems'],
): void {
  const shown = readProblems(command, stdout, stderr);
  assert.equal(shown.length, problems.length, `${command}: ${stdout}${stderr}`);
  for (const [index, { place, message, remedy }] of problems.entries()) {
    const { place: shownPlace, text } = shown[index] ?? { place: '', text: '' };
    assert.equal(shownPlace, `${path}${place}`, command);
    assert.match(text, message, `${command}: ${text}`);
    assert.match(text, remedy, `${command}: ${text}`);
  }
}

function readProblems(command: string, stdout: string, stderr: string): { place: string; text: string }[] {
  if (command.includes('doctor') && command.includes('--json')) {
    assert.equal(stderr, '');
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return checks
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ target, message, remedy }) => ({ place: target, text: `${message} ${remedy}` }));
  }
  if (command.includes('doctor')) {
    assert.equal(stderr, '');
    return splitLines(stdout.replace(/\n +Fix:/g, ''))
      .filter((line) => line.startsWith('FAILED  '))
      .map((line) => splitProblem(line.replace(/^FAILED +/, '')));
  }
  if (command.includes('--json')) {
    assert.equal(stderr, '');
    const { error } = JSON.parse(stdout) as ErrorDocument;
    assert.equal(error.code, 'config-invalid');
    return error.problems.map(({ file, line, column, path, message, remedy }) => {
      const position = [line, column].filter((part) => part !== null).map((part) => `:${part}`);
      return { place: `${file}${position.join('')}${path && ` ${path}`}`, text: `${message} ${remedy}` };
    });
  }
  assert.equal(stdout, '', command);
  if (command === 'worker') {
    return parseLog(stderr).map(({ msg, place, problem, remedy }) => {
      assert.equal(msg, 'configuration invalid');
      return { place: String(place), text: `${String(problem)} ${String(remedy)}` };
    });
  }
  const [heading, ...lines] = splitLines(stderr);
  assert.match(
    heading ?? '',
    /^The configuration is invalid \(\d+ problems?\)\. Nothing was changed\.$/,
    command,
  );
  return lines.map(splitProblem);
}

function splitLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function splitProblem(line: string): { place: string; text: string } {
  const end = line.indexOf(': ');
  return { place: line.slice(0, end), text: line.slice(end + 2) };
}
