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

/** A program that connects to the test and stays: the connection ends when the program does, however it does. */
const STAYER = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  socket.on('error', () => {});
  if (process.argv[2] === 'stubborn') process.on('SIGTERM', () => {});
  setInterval(() => {}, 1e6);`;

describe('child process', () => {
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

  it('is ready when its predicate says so, and logs to its file', async () => {
    let asked = 0;
    const child = await start('sh', ['-c', 'echo hello; exec cat /dev/zero > /dev/null'], {
      ready: async () => (asked += 1) > 2 && (await readFile(logFile(), 'utf8')).includes('hello'),
    });
    await child.stop();
    assert.match(await child.exited, /SIGTERM/);
  });

  it('fails at once, with log and remedy, when it ends early', async () => {
    const starting = start('sh', ['-c', 'echo the port is taken >&2; exit 3'], {
      ready: () => Promise.resolve(false),
      remedy: 'free the port',
    });
    await assert.rejects(
      starting,
      /The child exited with code 3[\s\S]*the port is taken[\s\S]*free the port/,
    );
  });

  it('fails when the program is not there', async () => {
    await assert.rejects(start('/no/such/program', [], { ready: () => Promise.resolve(false) }), /code 127/);
  });

  it('fails when it is not ready in time, leaving nothing running', async () => {
    const connected = connection();
    const closed = connected.then((socket) => once(socket, 'close'));
    const starting = start(process.execPath, ['-e', STAYER, `${port}`], {
      ready: async () => {
        await connected;
        throw new Error('not yet');
      },
      readyWithinMs: 1,
    });
    await assert.rejects(starting, /was not ready within 0.001 s/);
    await closed;
  });

  it('stops one that ignores SIGTERM, and its descendants', async () => {
    const connected = connection();
    const stay = `"${process.execPath}" -e "$STAYER" ${port} stubborn & wait`;
    const child = await start('sh', ['-c', `trap '' TERM; ${stay}`], {
      env: { ...process.env, STAYER },
      graceMs: 50,
      ready: async () => Boolean(await connected),
    });
    const closed = once(await connected, 'close');
    await child.stop();
    await closed;
    assert.match(await child.exited, /SIGKILL/);
  });

  it('ends with its parent, even when that is killed', async () => {
    const connected = connection();
    const parent = spawnSupervised({
      command: process.execPath,
      args: ['--import=tsx', fileURLToPath(new URL('./orphaning-parent.ts', import.meta.url))],
      env: {
        ...process.env,
        ORPHAN_LOG: logFile(),
        ORPHAN_ARGS: JSON.stringify(['-e', STAYER, `${port}`]),
        ORPHAN_PARENT_STAYS: 'yes',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      graceMs: 1_000,
    });
    const closed = once(await connected, 'close');
    process.kill(parent.pid ?? 0, 'SIGKILL');
    await closed;
  });

  it('is no reason for its parent to keep running', async () => {
    const { code } = await runCommand(
      process.execPath,
      ['--import=tsx', fileURLToPath(new URL('./orphaning-parent.ts', import.meta.url))],
      {
        env: {
          ...process.env,
          ORPHAN_LOG: logFile(),
          ORPHAN_ARGS: JSON.stringify(['-e', STAYER, `${port}`]),
        },
      },
    );
    assert.equal(code, 0);
  });
});

describe('runCommand', () => {
  it('returns what the command printed', async () => {
    const { stdout } = await runCommand('cat', [], { input: 'through' });
    assert.equal(stdout, 'through');
  });

  it('names command, code, output and remedy in its error', async () => {
    const running = runCommand('sh', ['-c', 'echo broken >&2; exit 4'], { remedy: 'mend it' });
    await assert.rejects(running, /sh -c .*ended with code 4[\s\S]*broken[\s\S]*mend it/);
  });

  it('ends a command that takes too long', async () => {
    await assert.rejects(runCommand('sleep', ['1000'], { timeoutMs: 50 }), /time limit/);
  });
});
