// What appears on the output of commands besides their own lines: nothing, also when they fail, npm takes their flags, or
// the output is closed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErrorDocument } from '../../scripts/error-document.js';
import { builtCli } from './built-cli.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Nothing listens on port 1. */
const NOWHERE = '127.0.0.1:1';
const NO_FILE = ['--config', '/does/not/exist.yaml'];
const SCHEDULE = ['apply', 'describe', 'trigger', 'pause', 'unpause', 'delete'].map((verb) => [
  'schedule',
  verb,
]);

describe('the output of commands', function () {
  this.timeout(180_000);
  let folder: string;
  let config: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-output-'));
    config = join(folder, 'refresh.yaml');
    writeFileSync(
      config,
      `version: 1
airflows:
  - name: main
    url: http://${NOWHERE}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
`,
    );
  });

  after(() => rmSync(folder, { recursive: true }));

  function createEnv(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], AIRFLOW_PASSWORD: 'correct horse' };
    return { ...env, ECR_REFRESH_CONFIG: config, TEMPORAL_ADDRESS: NOWHERE, ...changes };
  }

  function assertDocument(
    { code, stdout, stderr }: CommandResult,
    exitCode: number,
    errorCode: string,
  ): void {
    assert.deepEqual([code, stderr], [exitCode, ''], stdout);
    const { error } = JSON.parse(stdout) as ErrorDocument;
    assert.equal(error.code, errorCode);
    assert.notEqual(error.message, '');
  }

  describe('with --json', () => {
    for (const args of [['status'], ['refresh-once'], ...SCHEDULE]) {
      it(`${args.join(' ')} prints an invalid configuration as a document`, async () => {
        const result = await runCommandLine([...args, '--json', ...NO_FILE], createEnv());
        assertDocument(result, 78, 'config-invalid');
        const { error } = JSON.parse(result.stdout) as ErrorDocument;
        assert.deepEqual(
          error.problems.map(({ code, file }) => [code, file]),
          [['not-found', '/does/not/exist.yaml']],
        );
      });
    }

    for (const args of [['status'], ['schedule', 'describe'], ['schedule', 'apply']]) {
      it(`${args.join(' ')} prints that Temporal cannot be reached as a document`, async () => {
        assertDocument(
          await runCommandLine([...args, '--json'], createEnv()),
          1,
          'temporal-connection-refused',
        );
      });
    }

    for (const args of [['status'], ['doctor'], ['refresh-once'], ['schedule', 'trigger'], ['schedule']]) {
      it(`${args.join(' ')} prints wrong usage as a document`, async () => {
        assertDocument(await runCommandLine([...args, '--json', '--bogus'], createEnv()), 2, 'usage');
      });
    }
  });

  it('has no line of gRPC or Node when Temporal is behind a proxy that does not respond', async () => {
    for (const [name, value] of [
      ['https_proxy', `http://${NOWHERE}`],
      ['TEMPORAL_TLS', 'true'],
    ] as const) {
      const { code, stdout, stderr } = await runCommandLine(['status'], createEnv({ [name]: value }));
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^Temporal at 127\.0\.0\.1:1, namespace default: [^\n]*\n$/);
    }
  });

  it('has no warning of Node about TLS to an address', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    const env = createEnv({ TEMPORAL_ADDRESS: `127.0.0.1:${address.port}`, TEMPORAL_TLS: 'true' });
    const { stderr } = await runCommandLine(['status'], env);
    server.close();
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  });

  for (const args of [
    ['doctor'],
    ['doctor', '--offline'],
    ['doctor', '--json'],
    ['--help'],
    ['status', ...NO_FILE],
  ]) {
    it(`${args.join(' ')} ends quietly when its output is closed`, async () => {
      const child = spawn(process.execPath, [await builtCli(), ...args], { env: createEnv() });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdout.destroy();
      await new Promise((resolve) => child.once('close', resolve));
      assert.doesNotMatch(stderr, /Unexpected|bug|EPIPE/);
    });
  }

  it('says that the disk is full, which is not called a bug', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const through = ['sh', '-c', '"$@" > /dev/full', 'sh'];
    const { code, stderr } = await runCommandLine(['doctor', '--offline'], createEnv(), through);
    assert.deepEqual(
      [code, stderr],
      [1, 'Fault of the environment: no space left on device (Error ENOSPC). Free space on the disk.\n'],
    );
  });

  describe('of a command whose flags npm took', () => {
    function npm(args: readonly string[]): Promise<CommandResult> {
      const child = spawn('npm', ['run', '-s', ...args], { cwd: ROOT, env: createEnv() });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
    }

    for (const { args, spelling } of [
      { args: ['refresh-once', '--dry-run'], spelling: 'npm run -s refresh-once -- --dry-run' },
      {
        args: ['refresh-once', '--retry-for', '5m'],
        spelling: 'npm run -s refresh-once -- --retry-for <duration> …',
      },
      { args: ['schedule', 'trigger', '--wait'], spelling: 'npm run -s schedule -- trigger --wait' },
      {
        args: ['schedule', 'apply', '--config=x.yaml'],
        spelling: 'npm run -s schedule -- apply --config <path>',
      },
    ]) {
      it(`npm run ${args.join(' ')}: refuses and shows the right spelling`, async () => {
        const { code, stderr } = await npm(args);
        assert.equal(code, 2, stderr);
        assert.ok(stderr.includes(`so nothing was done. Write: ${spelling}\n`), stderr);
      });
    }

    it('runs when the flag is after --', async () => {
      const { code, stderr } = await npm(['schedule', '--', 'trigger', '--wait', ...NO_FILE]);
      assert.equal(code, 78, stderr);
    });
  });
});
