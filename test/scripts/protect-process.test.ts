import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const PROTECT = new URL('../../scripts/protect-process.js', import.meta.url).href;
const SECRET = 'canary-8d21f7';
/** Node 22.13 and later. */
const hasExcludeEnv = 'excludeEnv' in (process.report as object);

describe('a process that imports protect-process.js first', function () {
  this.timeout(30_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-protect-process-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function start(options: readonly string[], code: string) {
    const script = `import('${PROTECT}').then(() => { ${code} });`;
    const env = { PATH: process.env['PATH'], SECRET, NODE_OPTIONS: options.join(' ') };
    const child = spawn(process.execPath, ['-e', script], { cwd: folder, env });
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
    }
    return { child, output };
  }

  for (const options of [
    [],
    ['--report-on-signal'],
    ['--report-on-signal', '--report-signal=SIGUSR1'],
    ['--report-on-signal', '--report-signal=SIGCONT'],
    ['--heapsnapshot-signal=SIGUSR2'],
    ['--heapsnapshot-signal=SIGCONT'],
  ]) {
    it(`ignores SIGUSR1 and SIGUSR2, and writes no file on a signal, with options [${options.join(' ')}]`, async () => {
      const port = await findFreePort();
      const wait = `process.stdin.once('data', () => process.exit(7)); console.log('ready');`;
      const { child, output } = start([...options, `--inspect-port=${port}`], wait);
      await once(child.stdout, 'data');
      for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const) child.kill(signal);
      // The time that Node takes to open the inspector. A longer one would not fail the test.
      await delay(200);
      assert.equal(await canConnect(port), false, 'the inspector listens');
      child.stdin.write('end\n');
      const [code] = (await once(child, 'close')) as [number | null];
      assert.deepEqual([code, output.text, readdirSync(folder)], [7, 'ready\n', []]);
    });
  }

  it('leaves handlers of signals that are added later', async () => {
    const { child } = start(
      [],
      `process.on('SIGHUP', () => process.exit(7)); process.kill(process.pid, 'SIGHUP');
      setTimeout(() => {}, 20_000);`,
    );
    assert.deepEqual((await once(child, 'close'))[0], 7);
  });

  for (const { title, code } of [
    { title: 'an uncaught error', code: `setImmediate(() => { throw new Error('a bug'); });` },
    {
      title: 'a fatal error',
      code: `const list = []; for (;;) list.push(new Array(1e4).fill(Math.random()));`,
    },
  ]) {
    const options = ['--report-uncaught-exception', '--report-on-fatalerror', '--max-old-space-size=20'];

    async function listReports(more: readonly string[]): Promise<string[]> {
      const { child } = start([...options, ...more], code);
      await once(child, 'close');
      const files = readdirSync(folder).filter((file) => file.startsWith('report.'));
      return files.map((file) => readFileSync(join(folder, file), 'utf8'));
    }

    it(`writes no report of ${title}`, async () => {
      assert.deepEqual(await listReports([]), []);
    });

    it(`writes no environment into a report of ${title}, with --report-exclude-env`, async function () {
      if (!hasExcludeEnv) return this.skip();
      for (const report of await listReports(['--report-exclude-env'])) assert.ok(!report.includes(SECRET));
    });
  }

  it('omits the environment from a report that is written by a call', async function () {
    if (!hasExcludeEnv) return this.skip();
    const { child } = start([], `process.report.writeReport('called.json');`);
    await once(child, 'close');
    assert.ok(!readFileSync(join(folder, 'called.json'), 'utf8').includes(SECRET));
  });
});

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
