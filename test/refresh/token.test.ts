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

const VALID: TokenResponse = { authorizationToken: base64(`AWS:${SECRET}`), expiresAt: LATER };

function check(response: Partial<TokenResponse>, expected: Partial<ExpectedToken> = {}): TokenCheck {
  return checkToken({ ...VALID, ...response }, { ...EXPECTED, ...expected });
}

function toProblem(response: Partial<TokenResponse>, expected: Partial<ExpectedToken> = {}): string {
  const checked = check(response, expected);
  assert.ok(!checked.usable, 'the token is usable');
  return checked.problem;
}

describe('checkToken', () => {
  it('extracts the password and the expiry from a valid token', () =>
    assert.deepEqual(check({}), { usable: true, password: SECRET, expiresAt: LATER }));

  it('splits at the first colon, since a password may contain colons', () =>
    assert.deepEqual(check({ authorizationToken: base64('AWS:one:two:') }), {
      usable: true,
      password: 'one:two:',
      expiresAt: LATER,
    }));

  for (const { title, token, problem } of [
    { title: 'no token', token: undefined, problem: /no authorization token/ },
    { title: 'an empty token', token: '', problem: /no authorization token/ },
    {
      title: 'invalid base64',
      token: `AWS:${SECRET}!`,
      problem: /^the token is not valid base64 of printable ASCII text$/,
    },
    {
      title: 'base64 of non-ASCII bytes',
      token: base64(`AWS:${SECRET}\u00e9`),
      problem: /not valid base64 of printable ASCII/,
    },
    {
      title: 'base64 of a line break',
      token: base64(`AWS:${SECRET}\n`),
      problem: /not valid base64 of printable ASCII/,
    },
    {
      title: 'base64 of a zero byte',
      token: base64(`AWS:${SECRET}\0`),
      problem: /not valid base64 of printable ASCII/,
    },
    { title: 'text with non-Latin-1 characters', token: `${SECRET}\u{1f600}`, problem: /not valid base64/ },
    { title: 'a token without a colon', token: base64(`AWS${SECRET}`), problem: /no colon/ },
    { title: 'another user', token: base64(`aws:${SECRET}`), problem: /user in the token is not AWS/ },
    { title: 'no user', token: base64(`:${SECRET}`), problem: /user in the token is not AWS/ },
    {
      title: 'a user with a space',
      token: base64(`AWS :${SECRET}`),
      problem: /user in the token is not AWS/,
    },
    { title: 'an empty password', token: base64('AWS:'), problem: /empty or masked/ },
    { title: 'the password ***', token: base64('AWS:***'), problem: /empty or masked/ },
    { title: 'the password *', token: base64('AWS:*'), problem: /empty or masked/ },
    { title: 'a password of blanks', token: base64('AWS: '), problem: /empty or masked/ },
    { title: 'a masked password with a blank', token: base64('AWS:** '), problem: /empty or masked/ },
  ] as const) {
    it(`rejects ${title} and does not quote it`, () => {
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

  it('accepts 32,768 characters and rejects 32,769, showing only the number', () => {
    const longest = base64(`AWS:${'x'.repeat(24_572)}`);
    assert.equal(longest.length, 32_768);
    assert.equal(check({ authorizationToken: longest }).usable, true);
    assert.equal(
      toProblem({ authorizationToken: `${longest}x` }),
      'the token has 32769 characters, which exceeds the maximum of 32768',
    );
  });

  it('rejects a token without an expiry', () =>
    assert.deepEqual(check({ expiresAt: undefined }), {
      usable: false,
      problem: 'the response has no expiry time',
    }));

  it('rejects an invalid expiry', () =>
    assert.match(toProblem({ expiresAt: new Date(NaN) }), /has no expiry time/));

  it('rejects a token that expires now, and accepts one that expires in 1 ms', () => {
    assert.equal(toProblem({ expiresAt: NOW }), 'the token expired at 2026-01-01 00:00 UTC');
    assert.equal(check({ expiresAt: new Date(NOW.getTime() + 1) }).usable, true);
  });

  describe('with a proxy endpoint', () => {
    const own = `https://${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
    for (const { title, proxyEndpoint } of [
      { title: 'the registry of the caller', proxyEndpoint: own },
      {
        title: 'the dual-stack host of the caller',
        proxyEndpoint: `https://${ACCOUNT}.dkr-ecr.us-east-1.on.aws`,
      },
      { title: 'the host without a scheme', proxyEndpoint: own.replace('https://', '') },
      { title: 'none, as from ECR Public', proxyEndpoint: undefined },
      { title: 'an empty text', proxyEndpoint: '' },
      { title: 'ECR Public', proxyEndpoint: 'https://public.ecr.aws' },
      { title: 'an emulator', proxyEndpoint: 'http://localhost:4566' },
      {
        title: 'a host that only looks like an ECR host',
        proxyEndpoint: 'https://999999999999.dkr.ecr.eu-west-1.amazonaws.com.cn',
      },
    ] as const) {
      it(`accepts ${title}`, () => assert.equal(check({ proxyEndpoint }).usable, true));
    }

    it('rejects the registry of another region', () =>
      assert.equal(
        toProblem({ proxyEndpoint: own.replace('us-east-1', 'eu-west-1') }),
        'the token is for region eu-west-1',
      ));

    it('rejects the registry of another account', () =>
      assert.equal(
        toProblem({ proxyEndpoint: own.replace(ACCOUNT, '999999999999') }),
        `the token is for account 999999999999, but the principal belongs to account ${ACCOUNT}`,
      ));

    it('accepts any account when the account of the principal is unknown, but no other region', () => {
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
  for (const { arn, account } of [
    { arn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test', account: ACCOUNT },
    { arn: 'arn:aws-us-gov:iam::012345678901:user/a', account: '012345678901' },
    { arn: 'arn:aws-cn:sts::123456789012:federated-user/a', account: ACCOUNT },
    { arn: 'arn:aws:ecr:us-east-1:123456789012:repository/a', account: ACCOUNT },
    { arn: 'arn:aws:s3:::bucket', account: null },
    { arn: 'arn:aws:iam::12345678901:user/a', account: null },
    { arn: 'x arn:aws:iam::123456789012:user/a', account: null },
    { arn: '', account: null },
    { arn: null, account: null },
  ] as const) {
    it(`returns ${account} for ${arn}`, () => assert.equal(parseAccount(arn), account));
  }
});

describe('WRONG_PASSWORD', () => {
  it('is the base64 of a sentence, and has the format of a real password', () => {
    assert.equal(WRONG_PASSWORD, base64('This is no authorization token.'));
    assert.equal(check({ authorizationToken: base64(`${ECR_USER}:${WRONG_PASSWORD}`) }).usable, true);
  });
});

describe('usableUntil', () => {
  const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);
  for (const { title, sessionEndsAt, expected } of [
    { title: 'the expiry without a session', sessionEndsAt: undefined, expected: LATER },
    {
      title: 'the end of a session that ends 1 ms before the expiry',
      sessionEndsAt: at('11:59:59.999'),
      expected: at('11:59:59.999'),
    },
    { title: 'the expiry when the session ends at the same time', sessionEndsAt: LATER, expected: LATER },
    {
      title: 'the expiry when the session ends 1 ms after it',
      sessionEndsAt: at('12:00:00.001'),
      expected: LATER,
    },
  ] as const) {
    it(`is ${title}`, () =>
      assert.deepEqual(usableUntil({ issuedAt: NOW, expiresAt: LATER, sessionEndsAt }), expected));
  }
});

describe('isFresh', () => {
  const token = { issuedAt: NOW, expiresAt: LATER };
  const SIX_HOURS_MS = 6 * 3_600_000;
  const HALF_HOUR_MS = 1_800_000;

  for (const { title, afterMs, fresh } of [
    { title: 'when it is issued', afterMs: 0, fresh: true },
    { title: '1 ms before half of its lifetime', afterMs: SIX_HOURS_MS - 1, fresh: true },
    { title: 'at half of its lifetime', afterMs: SIX_HOURS_MS, fresh: true },
    { title: '1 ms after half of its lifetime', afterMs: SIX_HOURS_MS + 1, fresh: false },
    { title: 'when it expires', afterMs: 2 * SIX_HOURS_MS, fresh: false },
  ] as const) {
    it(`is ${fresh} ${title}`, () => assert.equal(isFresh(token, new Date(NOW.getTime() + afterMs)), fresh));
  }

  for (const { title, afterMs, fresh } of [
    { title: '29 min 59.999 s after its issue', afterMs: HALF_HOUR_MS - 1, fresh: true },
    { title: '30 min after its issue', afterMs: HALF_HOUR_MS, fresh: true },
    { title: '30 min and 1 ms after its issue', afterMs: HALF_HOUR_MS + 1, fresh: false },
    { title: 'when the session has ended', afterMs: 2 * HALF_HOUR_MS + 1, fresh: false },
  ] as const) {
    it(`is ${fresh} ${title}, for a session of one hour`, () => {
      const sessionEndsAt = new Date(NOW.getTime() + 2 * HALF_HOUR_MS);
      assert.equal(isFresh({ ...token, sessionEndsAt }, new Date(NOW.getTime() + afterMs)), fresh);
    });
  }
});
