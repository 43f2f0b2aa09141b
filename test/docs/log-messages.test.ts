// The table of log messages in docs/operations.md, which alerts are written from.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The messages in the table, with their levels. */
function readTable(): { readonly message: string; readonly level: string }[] {
  const text = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const [, section = ''] = /\n## The log of a worker\n(.*?)\n## /s.exec(text) ?? [];
  const rows = section.matchAll(/^\| `([^`]+)` +\| `(info|warn|error)` +\|/gm);
  return [...rows].map(([, message = '', level = '']) => ({ message, level }));
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
  const rows = readTable();

  it('are those of the code', () => {
    assert.ok(rows.length > 20, `found ${rows.length}`);
    assert.equal(new Set(rows.map(({ message }) => message)).size, rows.length);
    for (const { message } of rows) {
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
      const [row] = rows.filter(({ message }) => message === entry.message);
      assert.equal(row?.level, entry.level, entry.message);
    }
  });
});
