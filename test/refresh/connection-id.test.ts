import assert from 'node:assert/strict';
import {
  CONNECTION_PATTERN,
  describeIdProblem,
  isConnectionId,
  showId,
} from '../../src/refresh/connection-id.js';

/** The first was accepted by POST, GET, PATCH and bulk PATCH of Airflow 3.3.2 and 3.4.0b2, and so on. */
const VALID = [
  'docker_default',
  'döcker_ecr',
  'équipe-ecr',
  'do\u0308cker_ecr', // decomposed: another id than döcker_ecr
  '数据_ecr',
  'שלום',
  'कि_ecr',
  '𝔘nicode',
  'Ⓐ',
  'tie‿pc',
  '٣',
  '...',
  '-',
  '7',
  'ö'.repeat(200),
  '𝔘'.repeat(200),
];

const INVALID: readonly { readonly id: string; readonly problem: string }[] = [
  { id: '', problem: 'is empty' },
  { id: '.', problem: 'consists only of dots' },
  { id: '..', problem: 'consists only of dots' },
  { id: 'x'.repeat(201), problem: 'has more than 200 characters' },
  { id: '𝔘'.repeat(201), problem: 'has more than 200 characters' },
  { id: 'a/b', problem: 'contains a slash' },
  { id: '../../variables/x', problem: 'contains a slash' },
  { id: 'a\\b', problem: 'contains a backslash' },
  { id: 'a b', problem: 'contains a space' },
  { id: 'a\tb', problem: 'contains a tab' },
  { id: 'a\r\nb', problem: 'contains a line break' },
  { id: 'a\n', problem: 'contains a line break' },
  { id: 'a\u001b[2J', problem: 'contains a control character (U+001B) and `[`' },
  { id: 'a:b#c', problem: 'contains `:` and `#`' },
  { id: 'a`b', problem: 'contains a backtick' },
  { id: '/ :#!', problem: 'contains a slash, a space, `:` and others' },
  { id: "a'b", problem: "contains `'`" },
  { id: 'a%2fb', problem: 'contains `%`' },
  { id: 'a?b', problem: 'contains `?`' },
  { id: 'x²', problem: 'contains `²` (U+00B2)' },
  { id: 'x😀', problem: 'contains `😀` (U+1F600)' },
  { id: 'x\u00a0y', problem: 'contains an invisible character (U+00A0)' },
  { id: 'x\u2028y', problem: 'contains an invisible character (U+2028)' },
  { id: 'x\u202ey', problem: 'contains an invisible character (U+202E)' },
  { id: 'x\u2066y', problem: 'contains an invisible character (U+2066)' },
  { id: 'x\u200by', problem: 'contains an invisible character (U+200B)' },
  { id: 'x\u200cy', problem: 'contains an invisible character (U+200C)' },
  { id: 'x\ufeffy', problem: 'contains an invisible character (U+FEFF)' },
  { id: 'x\ufe0fy', problem: 'contains an invisible character (U+FE0F)' },
  { id: 'x\u3164y', problem: 'contains an invisible character (U+3164)' },
  { id: 'x\u{e0041}y', problem: 'contains an invisible character (U+E0041)' },
  { id: 'x\ud800y', problem: 'contains half of a surrogate pair (U+D800)' },
];

describe('isConnectionId', () => {
  for (const id of VALID) {
    it(`accepts ${id.length > 40 ? `${id.slice(0, 2)}… of ${Array.from(id).length} characters` : id}`, () => {
      assert.ok(isConnectionId(id));
      assert.equal(describeIdProblem(id), undefined);
      // A request can contain it in its path.
      assert.equal(new URL(`https://a/connections/${encodeURIComponent(id)}`).pathname.split('/').length, 3);
    });
  }

  for (const { id, problem } of INVALID) {
    it(`rejects ${JSON.stringify(id.slice(0, 20))}, because it ${problem}`, () => {
      assert.equal(isConnectionId(id), false);
      const found = describeIdProblem(id) ?? '';
      assert.ok(found.startsWith(problem), found);
    });
  }

  it('agrees with the description for every character', () => {
    for (let code = 0; code <= 0x10_ffff; code += 1) {
      const id = `a${String.fromCodePoint(code)}`;
      assert.equal(describeIdProblem(id) === undefined, isConnectionId(id), `U+${code.toString(16)}`);
    }
  });
});

describe('CONNECTION_PATTERN', () => {
  for (const pattern of ['*', '*_ecr', 'docker_?', 'dö*', 'équipe-?', '*..', '𝔘*'.repeat(100)]) {
    it(`accepts ${pattern.slice(0, 20)}`, () => {
      assert.match(pattern, CONNECTION_PATTERN);
      assert.equal(describeIdProblem(pattern, '*?'), undefined);
    });
  }

  for (const pattern of ['', '.', '...', 'a/*', '[ab]*', 'a b*', '*\u202e', '*'.repeat(201)]) {
    it(`rejects ${JSON.stringify(pattern.slice(0, 20))}`, () => {
      assert.doesNotMatch(pattern, CONNECTION_PATTERN);
      assert.ok(describeIdProblem(pattern, '*?'));
    });
  }
});

describe('showId', () => {
  it('shows letters of all languages as they are', () =>
    assert.equal(showId('döcker_数据 שלום/..'), 'döcker_数据 שלום/..'));

  it('replaces what cannot be seen or changes a terminal', () =>
    assert.equal(showId('a\u001b[2J\u202e\u200b\n\ud800'), 'a\\u001b[2J\\u202e\\u200b\\n\\ud800'));

  it('is at most 250 characters, the limit of the database of Airflow', () =>
    assert.equal(showId('x'.repeat(999)), `${'x'.repeat(249)}…`));
});
