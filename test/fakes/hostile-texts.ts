// Texts as hostile peers may send them, and what must not reach a reader.
import assert from 'node:assert/strict';
import fc from 'fast-check';

/** Everything that controls a terminal, breaks a line, changes the order of texts, or cannot be seen. */
const CONTROLS = [
  '\u0000',
  '\u0007',
  '\b',
  '\t',
  '\r',
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\',
  '\u007f',
  '\u0085',
  '\u009b31m',
  '\u009d',
  '\u00a0',
  '\u00ad',
  '\u061c',
  '\u180e',
  '\u200b',
  '\u200d',
  '\u200e',
  '\u200f',
  '\u2028',
  '\u2029',
  ...Array.from('\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'),
  '\u2060',
  '\u3164',
  '\ud800',
  '\udc00',
  '\ufe0f',
  '\ufeff',
  '\ufff9',
  '\u{e0001}',
  '\u{e0041}',
  '\u{1d173}',
];

/** At the start of a line it shows that a value has started that line. */
const FORGED = 'FORGED';
const LINE_BREAKS = ['\n', '\r', '\r\n', '\n\n', '\v', '\f', '\u0085', '\u2028', '\u2029'];

/** A text with hostile characters, other characters, and lines of its own. */
export function hostileText(): fc.Arbitrary<string> {
  const part = fc.oneof(
    fc.constantFrom(...CONTROLS),
    fc.constantFrom(...LINE_BREAKS).map((lineBreak) => `${lineBreak}${FORGED}`),
    fc.constantFrom('döcker', '数据', 'שלום', '![x](https://evil.example)', '`', 'x'.repeat(3000)),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  return fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
}

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Appends a hostile text to every text of a document except its times, which are checked when they are read. */
export function poison<T>(document: T): fc.Arbitrary<T> {
  return fc.infiniteStream(hostileText()).map((texts) => poisonEach(document, texts) as T);
}

function poisonEach(value: unknown, texts: Iterator<string>): unknown {
  if (typeof value === 'string') return TIME.test(value) ? value : `${value}${String(texts.next().value)}`;
  if (Array.isArray(value)) return value.map((item) => poisonEach(item, texts));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, poisonEach(item, texts)]));
}

const FORBIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|\p{Bidi_Control}|\p{Default_Ignorable_Code_Point}|(?! )\p{Zs}/u;

/** Asserts that an output has no hidden character but the line breaks of its layout, and that no value starts a line. */
export function assertSafe(output: string): void {
  const lines = output.split('\n');
  for (const line of lines) {
    const found = FORBIDDEN.exec(line);
    if (found) assert.fail(`U+${found[0].codePointAt(0)?.toString(16)} in ${JSON.stringify(line)}`);
    assert.doesNotMatch(line, /^\W*FORGED/);
  }
}

/** As `assertSafe`, and the values of a JSON document are those of the original. */
export function assertSafeJson(json: string, document: unknown): void {
  assertSafe(json);
  assert.deepEqual(JSON.parse(json), document);
}
