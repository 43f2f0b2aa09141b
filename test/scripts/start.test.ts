import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

const START = new URL('../../scripts/start.js', import.meta.url);

/** Starts a command line whose load fails, in a process of its own. */
function startFailing(error: string, ...args: readonly string[]) {
  const code = `import('${START.href}').then(({ start }) => start(() => Promise.resolve(${error}).then((error) => { throw error; })))`;
  return spawnSync(process.execPath, ['-e', code, '--', ...args], { encoding: 'utf8' });
}

describe('start', () => {
  it('reports too many open files in one line', () => {
    const { status, stdout, stderr } = startFailing(
      "Object.assign(new Error('x'), { code: 'EMFILE' })",
      'status',
    );
    const line =
      'Fault of the environment: too many open files. Raise the limit of open files of the process (`ulimit -n`).\n';
    assert.deepEqual([status, stdout, stderr], [1, '', line]);
  });

  it('reports packages that are not installed as a document with --json', () => {
    const { status, stdout, stderr } = startFailing("import('package-that-is-missing')", 'status', '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string; remedy: string } };
    assert.deepEqual([status, error.code, stderr], [1, 'environment', '']);
    assert.match(error.remedy, /npm ci/);
  });

  it('lets Node print a bug', () => {
    const { status, stderr } = startFailing("new TypeError('bug')", 'status');
    assert.equal(status, 1);
    assert.match(stderr, /TypeError: bug/);
  });
});
