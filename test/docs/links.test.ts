import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { listFiles } from '../support/copy-repository.js';
import { findBrokenLinks, listAnchors, listTargets } from './find-broken-links.js';
import { isCode, parsePage, readPages, ROOT } from './markdown.js';

describe('the links in the documents', () => {
  it('lead to files and headings that exist', async () => {
    const pages = await readPages();
    assert.ok(pages.length > 50);
    assert.deepEqual(
      findBrokenLinks(pages, (path) => existsSync(join(ROOT, path))),
      [],
    );
  });

  it('lead from docs/README.md to every page in docs/ except the decisions', async () => {
    const pages = await readPages();
    const index = pages.find(({ path }) => path === 'docs/README.md');
    const linked = index
      ? listTargets(index).map(({ target }) => posix.join('docs', target.split('#')[0] ?? ''))
      : [];
    const expected = pages.map(({ path }) => path).filter((path) => /^docs\/[^/]+\.md$/.test(path));
    assert.deepEqual(
      expected.filter((path) => path !== 'docs/README.md' && !linked.includes(path)),
      [],
    );
  });

  for (const { broken, problem } of [
    { broken: '[a](missing.md)', problem: 'missing.md: does not exist' },
    { broken: '![a](images/missing.png)', problem: 'images/missing.png: does not exist' },
    { broken: '<img src="missing.png" alt="a">', problem: 'missing.png: does not exist' },
    { broken: '[a][other]\n\n[other]: missing.md', problem: 'missing.md: does not exist' },
    { broken: '[a][undefined]', problem: '[undefined]: is not defined' },
    { broken: '[a](../../outside.md)', problem: '../../outside.md: does not exist' },
    { broken: '[a](/guide/b.md)', problem: '/guide/b.md: is not relative' },
    { broken: '[a](#no-heading)', problem: '#no-heading: guide/a.md has no such heading' },
    { broken: '[a](b.md#in-a-fence)', problem: 'b.md#in-a-fence: guide/b.md has no such heading' },
    { broken: '[a](b.md#twice-2)', problem: 'b.md#twice-2: guide/b.md has no such heading' },
    { broken: '[a](http://example.com)', problem: 'http://example.com: does not use https' },
    { broken: '[a](https://)', problem: 'https://: is not a valid URL' },
  ]) {
    it(`are reported when they are broken: ${JSON.stringify(broken)}`, async () => {
      const other = '# Twice\n\n## Twice\n\n```sh\n# In a fence\n```\n';
      const pages = [
        await parsePage('guide/a.md', `# A\n\n${broken}\n`),
        await parsePage('guide/b.md', other),
      ];
      const found = findBrokenLinks(pages, (path) => /^guide\/[ab]\.md$/.test(path));
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', /^guide\/a\.md:\d+: /);
      assert.equal(found[0]?.replace(/^guide\/a\.md:\d+: /, ''), problem);
    });
  }

  it('are compared with the anchors that GitHub gives to headings', async () => {
    const text =
      '# A run: `status`, and [more](b.md)!\n\n## FIPS & dual-stack\n\n## _x_y\n\n# A\n\n# A\n\n# A 1\n\n# A\n';
    assert.deepEqual(
      [...listAnchors(await parsePage('a.md', text))],
      ['a-run-status-and-more', 'fips--dual-stack', '_x_y', 'a', 'a-1', 'a-1-1', 'a-2'],
    );
    assert.deepEqual(listTargets(await parsePage('a.md', '`[a](b.md)`, [c]\n\n```\n[d](e.md)\n```\n')), []);
  });
});

describe('the documents that code, messages and code spans name', () => {
  /** Of the root: only these names, since others belong to tests. */
  const NAMED =
    /(?<![\w./-])((?:docs|sandbox|\.github)\/[\w/-]+\.md|(?:README|CHANGELOG|CONTRIBUTING|SECURITY)\.md)(?:#([\w-]+))?/g;
  /** Texts of earlier versions, and samples in tests. */
  const EXEMPT = /^test\/histories\/|^docs\/decisions\/|^CHANGELOG\.md$|\/(links|odd-words)\.test\.ts$/;

  it('exist, with the headings that are named', async () => {
    const pages = await readPages();
    const anchors = new Map(pages.map((page) => [page.path, listAnchors(page)]));
    const texts = [
      ...listFiles()
        .filter((file) => /\.(ts|js|sh|py|ya?ml|txt)$|^scripts\/[\w-]+$/.test(file))
        .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
      ...pages.map(({ path, nodes }) => ({
        path,
        text: nodes.flatMap((node) => (isCode(node) ? (node.value ?? '') : [])).join('\n'),
      })),
    ].filter(({ path }) => !EXEMPT.test(path));
    const named = texts.flatMap(({ path, text }) =>
      [...text.matchAll(NAMED)].map(([target, file = '', anchor]) => ({ path, target, file, anchor })),
    );
    assert.ok(named.length > 20);
    const missing = named.filter(
      ({ file, anchor }) => !anchors.has(file) || (anchor !== undefined && !anchors.get(file)?.has(anchor)),
    );
    assert.deepEqual(
      missing.map(({ path, target }) => `${path}: ${target}`),
      [],
    );
  });
});
