import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT = `import { endNow, endSoon } from ${JSON.stringify(new URL('../../scripts/end-process.ts', import.meta.url).href)};`;
/** Keeps the process alive. */
const LISTEN = `(await import('node:net')).createServer().listen(0, '127.0.0.1');`;
const BIG = 256 * 1024;

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

/** @param readAfter a line on standard error, after which standard output is read */
function run(script: string, readAfter?: string): Promise<End> {
  const args = ['--import=tsx', '--input-type=module', '--eval', IMPORT + script];
  // Ends a process that would not end; the assertions then fail.
  const child = spawn(process.execPath, args, { cwd: ROOT, timeout: 15_000, killSignal: 'SIGTERM' });
  let stdout = '';
  const read = (): void => void child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  if (readAfter === undefined) read();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    if (readAfter !== undefined && stderr.includes(readAfter)) read();
  });
  return new Promise((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, stdout: stdout + stderr })),
  );
}

describe('endSoon', () => {
  it('does not delay the end of a process that nothing keeps alive', async () => {
    const { code, stdout } = await run(`
      endSoon(60_000);
      process.exitCode = 3;
      process.on('exit', () => process.stdout.write(String(performance.now() < 10_000)));`);
    assert.deepEqual([code, stdout], [3, 'true']);
  });

  it('ends a process that something keeps alive, with the exit code that is set', async () => {
    const { code } = await run(`${LISTEN} process.exitCode = 3; endSoon(10);`);
    assert.equal(code, 3);
  });

  it('exits with 0 when no exit code is set', async () => {
    const { code } = await run(`${LISTEN} endSoon(10);`);
    assert.equal(code, 0);
  });

  it('waits until a slow reader has read all output', async () => {
    const end = await run(
      `${LISTEN} process.stdout.write('x'.repeat(${BIG}));
      endSoon(10);
      setTimeout(() => process.stderr.write('late'), 500);`,
      'late',
    );
    assert.deepEqual([end.code, end.stdout.length], [0, BIG + 'late'.length]);
  });
});

describe('endNow', () => {
  it('ends the process before anything else runs', async () => {
    const { code, stdout } = await run(`${LISTEN} void endNow(1); process.stdout.write('continues');`);
    assert.deepEqual([code, stdout], [1, '']);
  });

  it('writes pending output first', async () => {
    const end = await run(
      `process.stdout.write('x'.repeat(${BIG}));
      setTimeout(() => process.stderr.write('late'), 500);
      void endNow(1);`,
      'late',
    );
    assert.deepEqual([end.code, end.stdout.length], [1, BIG + 'late'.length]);
  });
});
