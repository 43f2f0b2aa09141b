import assert from 'node:assert/strict';
import { checkToken, isYoung } from '../../src/domain/token.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const LATER = new Date('2026-01-01T12:00:00.000Z');
const SECRET = 'c2VjcmV0LXBhc3N3b3Jk';

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

function problemOf(token: string | undefined, expiresAt: Date | undefined = LATER): string {
  const check = checkToken(token, expiresAt, NOW);
  assert.ok(!check.usable, 'the token passes');
  return check.problem;
}

describe('checkToken', () => {
  it('takes the password out of a good token', () =>
    assert.deepEqual(checkToken(base64(`AWS:${SECRET}`), LATER, NOW), { usable: true, password: SECRET }));

  it('splits at the first colon, since a password may hold more', () =>
    assert.deepEqual(checkToken(base64('AWS:one:two:'), LATER, NOW), { usable: true, password: 'one:two:' }));

  for (const [what, token, problem] of [
    ['no token', undefined, /no authorization token/],
    ['an empty one', '', /no authorization token/],
    ['what is no base64', `AWS:${SECRET}!`, /no base64/],
    ['what is base64 of bytes beyond ASCII', base64(`AWS:${SECRET}\u00e9`), /no base64 of printable ASCII/],
    ['what is base64 of a line break', base64(`AWS:${SECRET}\n`), /no base64 of printable ASCII/],
    ['what is base64 of a zero byte', base64(`AWS:${SECRET}\0`), /no base64 of printable ASCII/],
    ['text with characters beyond Latin-1', `${SECRET}\u{1f600}`, /no base64/],
    ['a token without a colon', base64(`AWS${SECRET}`), /no colon/],
    ['another user', base64(`aws:${SECRET}`), /user in the token is not AWS/],
    ['no user', base64(`:${SECRET}`), /user in the token is not AWS/],
    ['a user with a space', base64(`AWS :${SECRET}`), /user in the token is not AWS/],
    ['an empty password', base64('AWS:'), /empty or masked/],
    ['the password ***', base64('AWS:***'), /empty or masked/],
    ['the password *', base64('AWS:*'), /empty or masked/],
  ] as const) {
    it(`refuses ${what} and does not quote it`, () => {
      const text = problemOf(token);
      assert.match(text, problem);
      assert.ok(!text.includes(SECRET), text);
      assert.ok(!token || !text.includes(token), text);
    });
  }

  it('accepts 32,768 characters and refuses 32,769 by their number alone', () => {
    const longest = base64(`AWS:${'x'.repeat(24_572)}`);
    assert.equal(longest.length, 32_768);
    assert.equal(checkToken(longest, LATER, NOW).usable, true);
    assert.equal(problemOf(`${longest}x`), 'the token has 32769 characters, more than 32768');
  });

  it('refuses a token without an expiry', () => {
    const check = checkToken(base64(`AWS:${SECRET}`), undefined, NOW);
    assert.deepEqual(check, { usable: false, problem: 'it does not say when the token expires' });
  });

  it('refuses an expiry that is no time', () =>
    assert.match(problemOf(base64(`AWS:${SECRET}`), new Date(NaN)), /does not say when/));

  it('refuses a token that expires now, and accepts one that expires in 1 ms', () => {
    assert.equal(problemOf(base64(`AWS:${SECRET}`), NOW), 'the token expired at 2026-01-01T00:00:00.000Z');
    const inOneMs = new Date(NOW.getTime() + 1);
    assert.equal(checkToken(base64(`AWS:${SECRET}`), inOneMs, NOW).usable, true);
  });
});

describe('isYoung', () => {
  const token = { issuedAt: NOW, expiresAt: LATER };
  const SIX_HOURS_MS = 6 * 3_600_000;

  for (const [when, afterMs, young] of [
    ['when it is issued', 0, true],
    ['1 ms before half of its life', SIX_HOURS_MS - 1, true],
    ['at half of its life', SIX_HOURS_MS, true],
    ['1 ms after half of its life', SIX_HOURS_MS + 1, false],
    ['when it expires', 2 * SIX_HOURS_MS, false],
  ] as const) {
    it(`is ${young} ${when}`, () => assert.equal(isYoung(token, new Date(NOW.getTime() + afterMs)), young));
  }
});
