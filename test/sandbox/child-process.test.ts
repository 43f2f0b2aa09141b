import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../sandbox/child-process.js';
import { runCommand } from '../../sandbox/run-command.js';
import { spawnSupervised } from '../../sandbox/supervised-process.js';

/**
 * A program that connects to the test and keeps running. The connection closes when the program ends, for any reason.
 */
const PROGRAM = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  socket.on('error', () => {});
  if (process.argv[2] === 'stubborn') process.on('SIGTERM', () => {});
  setInterval(() => {}, 1e6);`;

describe('startChild', () => {
  let folder: string;
  let server: Server;
  let port: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ecr-child-'));
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  const logFile = () => join(folder, 'child.log');

  async function connection(): Promise<Socket> {
    const [socket] = (await once(server, 'connection')) as [Socket];
    return socket.on('error', () => {}).resume();
  }

  function start(command: string, args: string[], more = {}): ReturnType<typeof startChild> {
    return startChild({ name: 'The child', command, args, logFile: logFile(), ...more });
  }

  it('waits until the child is ready, and writes its output to the log file', async () => {
    let calls = 0;
    const child = await start('sh', ['-c', 'echo hello; exec cat /dev/zero > /dev/null'], {
      ready: async () => (calls += 1) > 2 && (await readFile(logFile(), 'utf8')).includes('hello'),
    });
    await child.stop();
    assert.match(await child.exited, /SIGTERM/);
  });

  it('fails immediately, with log and fix, when the child exits early', async () => {
    const starting = start('sh', ['-c', 'echo the port is taken >&2; exit 3'], {
      ready: () => Promise.resolve(false),
      remedy: 'Free the port.',
    });
    await assert.rejects(
      starting,
      /The child exited with code 3[\s\S]*the port is taken[\s\S]*Free the port\./,
    );
  });

  it('fails when the program does not exist', async () => {
    await assert.rejects(start('/no/such/program', [], { ready: () => Promise.resolve(false) }), /code 127/);
  });

  it('fails and stops the child when it is not ready in time', async () => {
    const connected = connection();
    const closed = connected.then((socket) => once(socket, 'close'));
    const starting = start(process.execPath, ['-e', PROGRAM, `${port}`], {
      ready: async () => {
        await connected;
        throw new Error('not yet');
      },
      readyWithinMs: 1,
    });
    await assert.rejects(starting, /was not ready within 0.001 s/);
    await closed;
  });

  it('stops a child that ignores SIGTERM, and its descendants', async () => {
    const connected = connection();
    const runInBackground = `"${process.execPath}" -e "$PROGRAM" ${port} stubborn & wait`;
    const child = await start('sh', ['-c', `trap '' TERM; ${runInBackground}`], {
      env: { ...process.env, PROGRAM },
      graceMs: 50,
      ready: async () => Boolean(await connected),
    });
    const closed = once(await connected, 'close');
    await child.stop();
    await closed;
    assert.match(await child.exited, /SIGKILL/);
  });

  it('ends the child with its parent, even when the parent is killed', async () => {
    const connected = connection();
    const parent = spawnSupervised({
      command: process.execPath,
      args: ['--import=tsx', fileURLToPath(new URL('./orphaning-parent.ts', import.meta.url))],
      env: {
        ...process.env,
        ORPHAN_LOG: logFile(),
        ORPHAN_ARGS: JSON.stringify(['-e', PROGRAM, `${port}`]),
        ORPHAN_PARENT_STAYS: 'yes',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      graceMs: 1_000,
    });
    const closed = once(await connected, 'close');
    process.kill(parent.pid ?? 0, 'SIGKILL');
    await closed;
  });

  it('lets the parent exit while the child is running', async () => {
    const { code } = await runCommand(
      process.execPath,
      ['--import=tsx', fileURLToPath(new URL('./orphaning-parent.ts', import.meta.url))],
      {
        env: {
          ...process.env,
          ORPHAN_LOG: logFile(),
          ORPHAN_ARGS: JSON.stringify(['-e', PROGRAM, `${port}`]),
        },
      },
    );
    assert.equal(code, 0);
  });
});

describe('runCommand', () => {
  it('returns the output of the command', async () => {
    const { stdout } = await runCommand('cat', [], { input: 'through' });
    assert.equal(stdout, 'through');
  });

  it('reports command, exit code, output and fix in its error', async () => {
    const running = runCommand('sh', ['-c', 'echo broken >&2; exit 4'], { remedy: 'Fix it.' });
    await assert.rejects(running, /sh -c .*exited with code 4[\s\S]*broken[\s\S]*Fix it\./);
  });

  it('kills a command that exceeds its timeout', async () => {
    await assert.rejects(runCommand('sleep', ['1000'], { timeoutMs: 50 }), /timed out/);
  });
});
