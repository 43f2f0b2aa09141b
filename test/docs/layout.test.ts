import assert from 'node:assert/strict';
import { join } from 'node:path';
import { resolveConfig } from 'prettier';
import { readPages, ROOT } from './markdown.js';

const MAX_TABLE_WIDTH = 120;
const MAX_README_LINES = 130;

describe('the layout of the documents', () => {
  it(`has no table that is wider than ${MAX_TABLE_WIDTH} characters in the source`, async () => {
    const pages = await readPages();
    const tables = pages.flatMap(({ path, text, nodes }) =>
      nodes
        .filter(({ type }) => type === 'table')
        .map(({ position: { start, end } }) => ({ path, text, start: start.line, end: end.line })),
    );
    assert.ok(tables.length > 10);
    const wide = tables.flatMap(({ path, text, start, end }) => {
      const width = Math.max(
        ...text
          .split('\n')
          .slice(start - 1, end)
          .map((line) => line.length),
      );
      return width > MAX_TABLE_WIDTH ? `${path}:${start}: ${width} characters` : [];
    });
    assert.deepEqual(wide, []);
  });

  it(`keeps README.md within ${MAX_README_LINES} lines`, async () => {
    const readme = (await readPages()).find(({ path }) => path === 'README.md');
    const count = readme?.text.trimEnd().split('\n').length ?? Infinity;
    assert.ok(count <= MAX_README_LINES, `${count} lines`);
  });

  it('leaves the wrapping of prose to prettier', async () => {
    for (const file of [
      'README.md',
      'docs/architecture.md',
      'docs/decisions/README.md',
      'sandbox/README.md',
    ]) {
      assert.equal((await resolveConfig(join(ROOT, file)))?.proseWrap, 'always', file);
    }
  });
});
