import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Suite } from 'mocha';
import { assertGolden, GOLDEN_FOLDER, GoldenSections, isUpdating, readSections } from './assert-golden.js';

const TEST_FOLDER = fileURLToPath(new URL('..', import.meta.url));

function listTestFiles(ending: string): string[] {
  return readdirSync(TEST_FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(TEST_FOLDER, name));
}

function listSuites(suite: Suite): Suite[] {
  return [suite, ...suite.suites.flatMap(listSuites)];
}

describe('golden files', () => {
  it('are all compared by a test', () => {
    const sources = listTestFiles('.ts').map((path) => readFileSync(path, 'utf8'));
    const orphans = readdirSync(GOLDEN_FOLDER)
      .filter((name) => !name.endsWith('.ts'))
      .filter((name) => !sources.some((source) => source.includes(`'${name}'`)));
    assert.deepEqual(orphans, [], 'delete these files, or compare them in a test');
  });

  it('have no section of a deleted test', function () {
    let root = this.test?.parent;
    while (root?.parent) root = root.parent;
    const suites = root ? listSuites(root) : [];
    const loaded = new Set(suites.flatMap((suite) => [suite.file, ...suite.tests.map(({ file }) => file)]));
    // Deleted tests can be detected only if all tests are loaded.
    if (listTestFiles('.test.ts').some((path) => !loaded.has(path))) return this.skip();
    const titles = new Set(suites.flatMap(({ tests }) => tests.map((test) => test.fullTitle())));
    for (const file of ['bad-configurations.txt', 'configuration-warnings.txt']) {
      const sections = [...readSections(join(GOLDEN_FOLDER, file)).keys()];
      assert.deepEqual(
        sections.filter((section) => !titles.has(section.replace(/ \(\d+\)$/, '')) && !titles.has(section)),
        [],
        `delete test/golden/${file}, and run \`npm test\` with UPDATE_GOLDEN=1`,
      );
    }
  });
});

describe('assertGolden', () => {
  let folder: string;
  const before = { ...process.env };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-refresh-golden-'));
    delete process.env['CI'];
    delete process.env['UPDATE_GOLDEN'];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    for (const name of ['CI', 'UPDATE_GOLDEN']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  it('fails if the text differs or the file is missing, and explains how to update it', () => {
    assert.throws(() => assertGolden('x', 'text', folder), /test\/golden\/x differs.*UPDATE_GOLDEN=1/);
    writeFileSync(join(folder, 'x'), 'text\n');
    assertGolden('x', 'text', folder);
    assert.throws(() => assertGolden('x', 'other', folder), /UPDATE_GOLDEN=1/);
  });

  it('writes the file with UPDATE_GOLDEN=1, but not if CI is set', () => {
    process.env['UPDATE_GOLDEN'] = '1';
    assertGolden('x', 'text', folder);
    assert.equal(readFileSync(join(folder, 'x'), 'utf8'), 'text\n');
    process.env['CI'] = 'true';
    assert.equal(isUpdating(), false);
    assert.throws(() => assertGolden('x', 'other', folder), /differs/);
  });

  it('compares and writes one section of a file, and keeps the others sorted by title', () => {
    writeFileSync(join(folder, 'x'), '## b\n\none\n');
    assert.throws(() => new GoldenSections('x', folder).assertSection('a', 'two'), /x \("a"\) differs/);
    process.env['UPDATE_GOLDEN'] = '1';
    const sections = new GoldenSections('x', folder);
    sections.assertSection('a', 'two\n\nlines');
    sections.writeUpdates();
    assert.equal(readFileSync(join(folder, 'x'), 'utf8'), '## a\n\ntwo\n\nlines\n\n## b\n\none\n');
    delete process.env['UPDATE_GOLDEN'];
    new GoldenSections('x', folder).assertSection('b', 'one');
  });
});
