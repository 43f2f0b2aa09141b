import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('../../src/log/foreign-output.ts', import.meta.url));

/** Runs code in a process of its own, since it changes the console, and returns what it printed. */
function run(code: string): string {
  const script = `
    import { writeSync } from 'node:fs';
    import * as output from ${JSON.stringify(MODULE)};
    const seen = [];
    output.silenceForeignOutput();
    output.reportForeignOutput((found) => seen.push(found));
    ${code}
    setTimeout(() => writeSync(1, JSON.stringify(seen)), 50);`;
  const args = ['--import=tsx', '--input-type=module', '-e', script];
  return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('what libraries print', () => {
  it('is reported without its text', () => {
    const seen = JSON.parse(
      run(`console.log('secret'); console.error(new Error('secret')); console.table([1]);
        process.emitWarning('secret', 'DeprecationWarning', 'DEP0123');
        output.captureStandardStreams();
        process.stdout.write('secret', () => process.stderr.write('secret'));`),
    ) as { source: string; code?: string }[];
    assert.deepEqual(seen.map(({ source, code }) => `${source} ${code}`).toSorted(), [
      'DeprecationWarning DEP0123',
      'console undefined',
      'console undefined',
      'console undefined',
      'stderr undefined',
      'stdout undefined',
    ]);
    assert.doesNotMatch(JSON.stringify(seen), /secret/);
  });
});
