import assert from 'node:assert/strict';
import {
  parseAccount,
  checkToken,
  ECR_USER,
  isFresh,
  usableUntil,
  WRONG_PASSWORD,
  type TokenResponse,
  type TokenCheck,
  type ExpectedToken,
} from '../../src/refresh/token.js';

const NOW = new Date('2026-01-01T00:00:00.000Z');
const LATER = new Date('2026-01-01T12:00:00.000Z');
const SECRET = 'c2VjcmV0LXBhc3N3b3Jk';
const ACCOUNT = '123456789012';
const EXPECTED: ExpectedToken = { region: 'us-east-1', account: ACCOUNT, now: NOW };

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

const GOOD: TokenResponse = { authorizationToken: base64(`AWS:${SECRET}`), expiresAt: LATER };

function check(answer: Partial<TokenResponse>, expected: Partial<ExpectedToken> = {}): TokenCheck {
  return checkToken({ ...GOOD, ...answer }, { ...EXPECTED, ...expected });
}

function toProblem(answer: Partial<TokenResponse>, expected: Partial<ExpectedToken> = {}): string {
  const checked = check(answer, expected);
  assert.ok(!checked.usable, 'the token passes');
  return checked.problem;
}

describe('checkToken', () => {
  it('takes the password and the expiry out of a good token', () =>
    assert.deepEqual(check({}), { usable: true, password: SECRET, expiresAt: LATER }));

  it('splits at the first colon, since a password may hold more', () =>
    assert.deepEqual(check({ authorizationToken: base64('AWS:one:two:') }), {
      usable: true,
      password: 'one:two:',
      expiresAt: LATER,
    }));

  for (const [what, token, problem] of [
    ['no token', undefined, /no authorization token/],
    ['an empty one', '', /no authorization token/],
    ['what is no base64', `AWS:${SECRET}!`, /^the token is no base64 of printable ASCII text$/],
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
      const text = toProblem({ authorizationToken: token });
      assert.match(text, problem);
      assert.ok(!text.includes(SECRET), text);
      assert.ok(!token || !text.includes(token), text);
    });
  }

  it('accepts a token of 16 KB', () => {
    const password = 'x'.repeat(16_384);
    const checked = check({ authorizationToken: base64(`AWS:${password}`) });
    assert.equal(checked.usable && checked.password, password);
  });

  it('accepts 32,768 characters and refuses 32,769 by their number alone', () => {
    const longest = base64(`AWS:${'x'.repeat(24_572)}`);
    assert.equal(longest.length, 32_768);
    assert.equal(check({ authorizationToken: longest }).usable, true);
    assert.equal(
      toProblem({ authorizationToken: `${longest}x` }),
      'the token has 32769 characters, more than 32768',
    );
  });

  it('refuses a token without an expiry', () =>
    assert.deepEqual(check({ expiresAt: undefined }), {
      usable: false,
      problem: 'it does not say when the token expires',
    }));

  it('refuses an expiry that is no time', () =>
    assert.match(toProblem({ expiresAt: new Date(NaN) }), /does not say when/));

  it('refuses a token that expires now, and accepts one that expires in 1 ms', () => {
    assert.equal(toProblem({ expiresAt: NOW }), 'the token expired at 2026-01-01T00:00:00.000Z');
    assert.equal(check({ expiresAt: new Date(NOW.getTime() + 1) }).usable, true);
  });

  describe('by its proxy endpoint', () => {
    const own = `https://${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
    for (const [what, proxyEndpoint] of [
      ['the registry of whoever asked', own],
      ['its dual-stack host', `https://${ACCOUNT}.dkr-ecr.us-east-1.on.aws`],
      ['its host without a scheme', own.replace('https://', '')],
      ['none, as by ECR Public', undefined],
      ['nothing', ''],
      ['ECR Public', 'https://public.ecr.aws'],
      ['an emulator', 'http://localhost:4566'],
      ['what is not quite a host of ECR', 'https://999999999999.dkr.ecr.eu-west-1.amazonaws.com.cn'],
    ] as const) {
      it(`accepts ${what}`, () => assert.equal(check({ proxyEndpoint }).usable, true));
    }

    it('refuses the registry of another region', () =>
      assert.equal(
        toProblem({ proxyEndpoint: own.replace('us-east-1', 'eu-west-1') }),
        'the token is for region eu-west-1',
      ));

    it('refuses the registry of another account', () =>
      assert.equal(
        toProblem({ proxyEndpoint: own.replace(ACCOUNT, '999999999999') }),
        `the token is for account 999999999999, and the principal is of ${ACCOUNT}`,
      ));

    it('accepts any account while that of the principal is unknown, but no other region', () => {
      const proxyEndpoint = own.replace(ACCOUNT, '999999999999');
      assert.equal(check({ proxyEndpoint }, { account: null }).usable, true);
      assert.equal(
        toProblem({ proxyEndpoint }, { account: null, region: 'eu-west-1' }),
        'the token is for region us-east-1',
      );
    });
  });
});

describe('parseAccount', () => {
  for (const [arn, account] of [
    ['arn:aws:sts::123456789012:assumed-role/ecr-refresh/test', ACCOUNT],
    ['arn:aws-us-gov:iam::012345678901:user/a', '012345678901'],
    ['arn:aws-cn:sts::123456789012:federated-user/a', ACCOUNT],
    ['arn:aws:ecr:us-east-1:123456789012:repository/a', ACCOUNT],
    ['arn:aws:s3:::bucket', null],
    ['arn:aws:iam::12345678901:user/a', null],
    ['x arn:aws:iam::123456789012:user/a', null],
    ['', null],
    [null, null],
  ] as const) {
    it(`is ${account} in ${arn}`, () => assert.equal(parseAccount(arn), account));
  }
});

describe('WRONG_PASSWORD', () => {
  it('is base64 of a sentence that says what it is, and would pass for a password', () => {
    assert.equal(WRONG_PASSWORD, base64('This is no authorization token.'));
    assert.equal(check({ authorizationToken: base64(`${ECR_USER}:${WRONG_PASSWORD}`) }).usable, true);
  });
});

describe('usableUntil', () => {
  const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);
  for (const [what, sessionEndsAt, expected] of [
    ['the expiry without a session', undefined, LATER],
    ['the end of a session that ends 1 ms before the expiry', at('11:59:59.999'), at('11:59:59.999')],
    ['the expiry when the session ends with it', LATER, LATER],
    ['the expiry when the session ends 1 ms after it', at('12:00:00.001'), LATER],
  ] as const) {
    it(`is ${what}`, () =>
      assert.deepEqual(usableUntil({ issuedAt: NOW, expiresAt: LATER, sessionEndsAt }), expected));
  }
});

describe('isFresh', () => {
  const token = { issuedAt: NOW, expiresAt: LATER };
  const SIX_HOURS_MS = 6 * 3_600_000;
  const HALF_HOUR_MS = 1_800_000;

  for (const [when, afterMs, young] of [
    ['when it is issued', 0, true],
    ['1 ms before half of its life', SIX_HOURS_MS - 1, true],
    ['at half of its life', SIX_HOURS_MS, true],
    ['1 ms after half of its life', SIX_HOURS_MS + 1, false],
    ['when it expires', 2 * SIX_HOURS_MS, false],
  ] as const) {
    it(`is ${young} ${when}`, () => assert.equal(isFresh(token, new Date(NOW.getTime() + afterMs)), young));
  }

  for (const [when, afterMs, young] of [
    ['29 min 59.999 s after its issue', HALF_HOUR_MS - 1, true],
    ['30 min after its issue', HALF_HOUR_MS, true],
    ['30 min and 1 ms after its issue', HALF_HOUR_MS + 1, false],
    ['when the session has ended', 2 * HALF_HOUR_MS + 1, false],
  ] as const) {
    it(`is ${young} ${when}, when the session behind it ends after an hour`, () => {
      const sessionEndsAt = new Date(NOW.getTime() + 2 * HALF_HOUR_MS);
      assert.equal(isFresh({ ...token, sessionEndsAt }, new Date(NOW.getTime() + afterMs)), young);
    });
  }
});
