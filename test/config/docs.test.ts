import assert from 'node:assert/strict';
import { cpSync, appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findStaleDocs, generateDocs } from '../../scripts/dev/generate-docs.js';
import { loadConfig } from '../../src/config/load.js';
import { configJsonSchema, listSettings } from '../../src/config/settings.js';
import { FAILURES } from '../../src/refresh/failures.js';
import { ENV, useConfigFolder } from './config-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the generated documentation', () => {
  const write = useConfigFolder();

  it('is up to date', async () => {
    assert.deepEqual(await findStaleDocs(ROOT), [], 'run `npm run docs`');
  });

  it('is reported as stale when a file is edited or missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ecr-refresh-docs-'));
    try {
      cpSync(join(ROOT, 'docs'), join(folder, 'docs'), { recursive: true });
      appendFileSync(join(folder, 'docs/failures.md'), 'more\n');
      rmSync(join(folder, 'docs/configuration.md'));
      assert.deepEqual(await findStaleDocs(folder), ['docs/configuration.md', 'docs/failures.md']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('describes every setting with an example', async () => {
    const text = (await generateDocs()).get('docs/configuration.md') ?? '';
    const settings = listSettings(configJsonSchema());
    assert.ok(settings.length > 20);
    for (const { path, schema, isPartOfValue } of settings) {
      const isShown = isPartOfValue || text.includes(`### \`${path}\`\n`);
      assert.ok(isShown, `${path} is not in docs/configuration.md`);
      assert.ok(schema.description, `${path} has no description`);
      assert.ok(schema.examples?.length, `${path} has no example`);
    }
  });

  it('gives examples that the schema accepts', () => {
    const sections = Object.entries(configJsonSchema().properties ?? {});
    const config = Object.fromEntries(sections.map(([key, { examples }]) => [key, examples?.[0]]));
    assert.equal(loadConfig(write(JSON.stringify(config)), ENV).stores.length, 1);
  });

  it('shows a YAML configuration that the schema accepts', async () => {
    const text = (await generateDocs()).get('docs/configuration.md') ?? '';
    const yaml = /```yaml\n([^]*?)```/.exec(text)?.[1] ?? '';
    assert.equal(loadConfig(write(yaml), ENV).stores.length, 1);
  });

  it('has a section for every failure', async () => {
    const text = (await generateDocs()).get('docs/failures.md') ?? '';
    for (const type of Object.keys(FAILURES)) assert.ok(text.includes(`\n## ${type}\n`), type);
  });
});
