import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { MINIMUM_NODE } from '../../scripts/check-node.js';

const CHECK = new URL('../../scripts/check-node.js', import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** Runs the check in a process, since it sets the exit code. */
function check(
  version: string,
  args: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  const code =
    `import('${CHECK.href}').then(({ checkNode }) => ` +
    `checkNode('${version}', ${JSON.stringify(args)}) && process.stdout.write('supported'))`;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
}

describe('checkNode', () => {
  it('has the version of package.json', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    assert.equal(engines.node, `>=${MINIMUM_NODE}`);
  });

  for (const version of ['20.19.0', '20.20.2', '22.0.0', '24.21.0']) {
    it(`accepts ${version}`, () => {
      const { status, stdout, stderr } = check(version, ['worker']);
      assert.deepEqual([status, stdout, stderr], [0, 'supported', '']);
    });
  }

  for (const version of ['8.17.0', '18.20.8', '20.18.3', '20.9.0']) {
    it(`refuses ${version} in one line with exit code 78`, () => {
      const { status, stdout, stderr } = check(version, ['status']);
      const line = `Node ${version} is not supported. Install Node 20.19 or later.\n`;
      assert.deepEqual([status, stdout, stderr], [78, '', line]);
    });
  }

  it('prints a document with --json, and one line of JSON for the log of a worker', () => {
    const document = check('18.20.8', ['status', '--json']);
    const { error } = JSON.parse(document.stdout) as { error: { code: string } };
    assert.deepEqual([document.status, error.code, document.stderr], [78, 'node-unsupported', '']);
    const worker = check('18.20.8', ['worker']);
    assert.equal((JSON.parse(worker.stderr) as { level: string }).level, 'error');
  });

  it('comes before anything else that an entry loads', () => {
    const listImports = (file: string) =>
      [...read(file).matchAll(/^import .*'(.+)';$/gm)].map(([, path]) => path);
    for (const entry of ['scripts/cli.ts', 'scripts/from-source.js']) {
      assert.deepEqual(listImports(entry), ['./start.js'], entry);
    }
    const early = ['./protect-process.js', './check-node.js', './early-error.js'];
    assert.deepEqual(listImports('scripts/start.js'), early);
    assert.deepEqual(listImports('scripts/protect-process.js'), ['node:os']);
    assert.deepEqual(listImports('scripts/check-node.js'), ['./early-error.js']);
    assert.deepEqual(listImports('scripts/early-error.js'), []);
  });
});
