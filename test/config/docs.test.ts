import assert from 'node:assert/strict';
import { cpSync, appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse } from 'yaml';

import { findStaleDocs, generateDocs } from '../../scripts/dev/generate-docs.js';
import { configJsonSchema, configSchema, type JsonSchema } from '../../src/config/schema/config.js';
import { FAILURES } from '../../src/refresh/failures.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Every setting with its path. */
function settingsOf(schema: JsonSchema, prefix = ''): [string, JsonSchema][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, setting]) => [
    [`${prefix}${key}`, setting] as [string, JsonSchema],
    ...(setting.items
      ? settingsOf(
          // Entries that are text or a mapping have the settings of the mapping.
          setting.items.anyOf?.find(({ type }) => type === 'object') ?? setting.items,
          `${prefix}${key}[].`,
        )
      : settingsOf(setting, `${prefix}${key}.`)),
  ]);
}

describe('the generated documentation', () => {
  it('is up to date', async () => {
    assert.deepEqual(await findStaleDocs(ROOT), [], 'run `npm run docs`');
  });

  it('is found stale when a file is edited or missing', async () => {
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
    const settings = settingsOf(configJsonSchema());
    assert.ok(settings.length > 20);
    for (const [path, setting] of settings) {
      assert.ok(text.includes(`### \`${path}\`\n`), `${path} is not in docs/configuration.md`);
      assert.ok(setting.description, `${path} has no description`);
      assert.ok(setting.examples?.length, `${path} has no example`);
    }
  });

  it('gives examples that the schema accepts', () => {
    const example = (key: string): unknown => configJsonSchema().properties?.[key]?.examples?.[0];
    const config = Object.fromEntries(Object.keys(configSchema.shape).map((key) => [key, example(key)]));
    assert.deepEqual(configSchema.safeParse(config).error?.issues ?? [], []);
  });

  it('shows a configuration in YAML that the schema accepts', async () => {
    const text = (await generateDocs()).get('docs/configuration.md') ?? '';
    const yaml = /```yaml\n([^]*?)```/.exec(text)?.[1] ?? '';
    assert.equal(configSchema.safeParse(parse(yaml)).success, true);
  });

  it('has a section for every failure', async () => {
    const text = (await generateDocs()).get('docs/failures.md') ?? '';
    for (const type of Object.keys(FAILURES)) assert.ok(text.includes(`\n## ${type}\n`), type);
  });
});
