import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './markdown.js';

const HEADING = '## Who can write what';

/** The titles of tests in the last column of the table. */
function readTitles(): string[] {
  const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
  const section = text.split(HEADING)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => {
    const title = /`([^`]+)` *\|$/.exec(row)?.[1];
    assert.ok(title, `the last column has no test: ${row}`);
    return title;
  });
}

describe('SECURITY.md', () => {
  it('names a test for each row of what others can write', () => {
    const folder = join(ROOT, 'test/e2e');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const sources = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
    const titles = readTitles();
    assert.ok(titles.length > 5, `${titles.length} rows`);
    for (const title of titles) {
      assert.match(sources, new RegExp(`(?:it|describe)\\(['\`]${title}`), `there is no test "${title}"`);
    }
  });
});
