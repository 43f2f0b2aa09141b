// Everything that the built worker writes is a line of its log, whatever happens to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { VERSION } from '../../src/version.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { builtCli } from './built-cli.js';
import { waitFor } from './wait-for.js';
import { parseLog, readLog, startDoctorFixture, type DoctorFixture } from './doctor-fixture.js';

describe('the log of the built worker', function () {
  this.timeout(180_000);
  let fixture: DoctorFixture;

  before(async () => {
    await builtCli();
    fixture = await startDoctorFixture();
    fixture.writeConfig('[docker_default]');
  });

  after(() => fixture?.stop());

  async function runToEnd(): Promise<RefreshReport> {
    const { stdout } = await fixture.command(['schedule', 'trigger', '--wait', '--json']);
    return JSON.parse(stdout) as RefreshReport;
  }

  it('has one line per run, and one for an accepted edit of the configuration', async () => {
    const worker = await fixture.startWorker('worker');
    assert.equal((await fixture.command(['schedule', 'apply'])).code, 0);
    const [started] = readLog(worker);
    assert.deepEqual([started?.['msg'], started?.['version']], ['worker started', VERSION]);
    const first = await runToEnd();
    fixture.writeConfig('[docker_default, missing]');
    const second = await runToEnd();
    assert.deepEqual([first.outcome, second.outcome], ['refreshed', 'incomplete']);

    const lines = readLog(worker);
    const [succeeded, ...more] = lines.filter(
      ({ runId, msg }) => runId === first.runId && String(msg).startsWith('run '),
    );
    assert.deepEqual(more, []);
    assert.deepEqual(
      [succeeded?.['level'], succeeded?.['refreshed'], succeeded?.['failed'], succeeded?.['nextExpiryAt']],
      ['info', 1, 0, first.stores[0]?.expiresAt],
    );
    const ofSecond = lines.filter(({ runId, level }) => runId === second.runId && level !== 'debug');
    assert.deepEqual(
      ofSecond.map(({ level, msg, refreshed, failed }) => [level, msg, refreshed, failed]),
      [['error', 'run failed', 1, 1]],
      JSON.stringify(ofSecond),
    );
    const edits = lines.filter(({ msg }) => msg === 'configuration changed');
    assert.deepEqual(
      edits.map(({ configHash, previousHash }) => [configHash, previousHash]),
      [[second.configHash, first.configHash]],
    );
    await worker.stop();
    assert.equal(readLog(worker).at(-1)?.['msg'], 'worker stopped');
  });

  for (const { title, args, changes, code, pattern } of [
    { title: 'wrong usage', args: ['--bogus'], changes: {}, code: 2, pattern: /unknown option '--bogus'/ },
    {
      title: 'an invalid configuration',
      args: ['--config', '/nowhere.yaml'],
      changes: {},
      code: 78,
      pattern: /does not exist/,
    },
    {
      title: 'invalid settings of Temporal',
      args: [],
      changes: { TEMPORAL_ADDRESS: 'https://127.0.0.1' },
      code: 78,
      pattern: /TEMPORAL_ADDRESS/,
    },
    {
      title: 'an uncaught error',
      args: [],
      changes: {
        TEMPORAL_ADDRESS: '127.0.0.1:1',
        NODE_OPTIONS: `--import ${toModule(onceStarted("throw new Error('secret')"))}`,
      },
      code: 1,
      pattern: /"error":"Error"/,
    },
  ]) {
    it(`has ${title} as JSON, too`, async () => {
      const { code: actual, stdout, stderr } = await fixture.command(['worker', ...args], changes);
      assert.deepEqual([actual, stdout], [code, '']);
      const lines = parseLog(stderr);
      assert.equal(lines[0]?.['level'], 'error', stderr);
      assert.match(stderr, pattern);
    });
  }

  it('has what libraries and Node.js print as JSON without the text, once for each origin', async () => {
    const noise = onceStarted(`
      console.warn('secret-1'); process.stderr.write('secret-2'); process.stdout.write('secret-3');
      process.emitWarning('secret-4', 'DeprecationWarning', 'DEP9999');`);
    const worker = await fixture.startWorker('noisy', { NODE_OPTIONS: `--import ${toModule(noise)}` });
    await runToEnd();
    await worker.stop();
    const lines = readLog(worker);
    const sources = lines
      .filter(({ source }) => source !== undefined)
      .map(({ source, code }) => `${String(source)} ${String(code)}`)
      .toSorted();
    assert.deepEqual(sources, [
      'DeprecationWarning DEP9999',
      'console undefined',
      'stderr undefined',
      'stdout undefined',
    ]);
    assert.doesNotMatch(JSON.stringify(lines), /secret-\d/);
  });

  it('has no raw line about a credentials endpoint that never responds', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const worker = await fixture.startWorker('no-credentials', {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/`,
    });
    await fixture.command(['schedule', 'trigger']);
    // The AWS SDK would print a warning after a second, without regard to its logger.
    await waitFor('the warning', () => readLog(worker).some(({ source }) => source === 'console'));
    process.kill(worker.pid, 'SIGKILL');
    silent.close();
  });

  it('has readable lines at a terminal', async () => {
    // `script` runs a command at a terminal.
    const cli = await builtCli();
    const child = spawn('script', ['-qec', `${process.execPath} ${cli} worker --bogus`, '/dev/null']);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    assert.match(text, /^error: unknown option '--bogus'/);
  });
});

/** Repeats code from when the worker has started its log. */
function onceStarted(code: string): string {
  return `setInterval(() => { if (process.listenerCount('SIGTERM') > 0) { ${code} } }, 100).unref()`;
}

/** A module as a URL, to be loaded before the program. */
function toModule(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
