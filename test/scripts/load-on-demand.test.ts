import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** With `verbatimModuleSyntax`, every import without `import type` is loaded at the start. */
const STATEMENT = /^(?:import|export) (?!type\b)(?:[^'"();=]*? from )?'([^']+)';$/gm;

/** The packages that are loaded with a file. */
function listPackages(file: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return new Set();
  seen.add(file.href);
  const targets = [...readFileSync(file, 'utf8').matchAll(STATEMENT)].map(([, target = '']) => target);
  const packages = targets.filter((target) => !/^(?:\.|node:)/.test(target));
  const files = targets.filter((target) => target.startsWith('.'));
  const further = files.flatMap((path) => [
    ...listPackages(new URL(path.replace(/\.js$/, '.ts'), file), seen),
  ]);
  return new Set([...packages, ...further].toSorted());
}

function assertPackages(path: string, expected: readonly string[]): void {
  assert.deepEqual([...listPackages(new URL(`../../${path}`, import.meta.url))], expected);
}

/** Each of the other packages takes 50 to 200 ms to load; `npm run bench` measures the total. */
describe('the packages that a command loads', () => {
  it('are only the command-line parser for --help', () => {
    assertPackages('scripts/main.ts', ['commander', 'ms']);
  });

  it('include no SDK and no HTTP client for doctor --offline', () => {
    assertPackages('scripts/doctor.ts', ['commander', 'ms', 'yaml', 'zod']);
  });

  it('include no SDK of Temporal for the error that its native library does not load', () => {
    const packages = listPackages(new URL('../../scripts/worker.ts', import.meta.url));
    assert.deepEqual(
      [...packages].filter((name) => name.startsWith('@temporalio')),
      [],
    );
  });

  it('include the native library of Temporal only for the worker', () => {
    for (const command of ['schedule', 'refresh-once', 'status', 'doctor']) {
      const packages = listPackages(new URL(`../../scripts/${command}.ts`, import.meta.url));
      assert.ok(!packages.has('@temporalio/worker') && !packages.has('@temporalio/core-bridge'), command);
    }
  });

  it('include indirect imports', () => {
    const packages = listPackages(new URL('../../src/worker.ts', import.meta.url));
    assert.equal(packages.has('@temporalio/worker'), true);
  });
});
