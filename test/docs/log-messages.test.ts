// The list of log messages in docs/operations.md, which alerts are written from.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Listed {
  readonly item: string;
  /** Undefined for an item of another form. */
  readonly message: string | undefined;
  readonly level: string | undefined;
}

/** The messages in the list, with their levels. */
function readList(): Listed[] {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const [, section = ''] = /\n## The log of a worker\n(.*?)\n## /s.exec(text) ?? [];
  const items = section.match(/^- .*$/gm) ?? [];
  return items.map((item) => {
    const [, message, level] = /^- \*\*`([^`]+)`\*\* \((info|warn|error)\)[:.]/.exec(item) ?? [];
    return { item, message, level };
  });
}

/** The texts that are literals in the code, with the value of the only variable part. */
function readCode(): string {
  const folders = ['src', 'scripts'].map((folder) => join(ROOT, folder));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('dev/'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
  return files.join('\n').replaceAll('${LIMITS.shutdownGraceTime}', '30 s');
}

describe('the documented messages of the log', () => {
  const code = readCode();
  const listed = readList();

  it('are those of the code', () => {
    assert.ok(listed.length > 20, `found ${listed.length}`);
    assert.equal(new Set(listed.map(({ message }) => message)).size, listed.length);
    for (const { item, message } of listed) {
      assert.ok(message, item);
      assert.ok(
        ["'", '`'].some((quote) => code.includes(`${quote}${message}${quote}`)),
        message,
      );
    }
  });

  it('are all that the code logs', () => {
    const calls = code.matchAll(/\b(?:logger|last)\.(info|warn|error)\(\s*[^'`;]*?(['`])([^'`]+)\2,?\s*\)/gi);
    const logged = [...calls].map(([, level = '', , message = '']) => ({ level, message }));
    assert.ok(logged.length > 15, `found ${logged.length}`);
    for (const entry of logged) {
      const found = listed.find(({ message }) => message === entry.message);
      assert.equal(found?.level, entry.level, entry.message);
    }
  });
});
