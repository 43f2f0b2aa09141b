import assert from 'node:assert/strict';
import { createTokenMint } from '../../sandbox/aws/token-mint.js';
import { createSecretFinder } from './find-secrets.js';
import { ecrTokenSecret, jwtSecrets } from './secret-core.js';

describe('the secret part of a token', () => {
  const mint = createTokenMint(2700, () => 1_800_000_000_000);
  const token = (): string =>
    mint.mint({ region: 'us-east-1', account: '123456789012', lifeSeconds: 43_200 }).password;

  function makeJwt(claims: object, signature = 'A'.repeat(43)): string {
    const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    return `${encode({ alg: 'HS512', typ: 'JWT' })}.${encode(claims)}.${signature}`;
  }

  it('of ECR ends with the data key, because tokens of the same second share the rest', () => {
    const [one, other] = [token(), token()];
    assert.equal(one.slice(-70), other.slice(-70));
    const { value } = ecrTokenSecret('one', one);
    assert.ok(one.startsWith(value));
    assert.ok(one.length - value.length < 82, `${one.length - value.length} characters were cut off`);
    const find = createSecretFinder([{ name: 'one', value }]);
    assert.deepEqual(find('here', Buffer.from(other)), []);
    assert.deepEqual(find('here', Buffer.from(one.slice(-70))), []);
    for (let start = 0; start + 31 <= value.length; start += 1) {
      assert.equal(find('here', Buffer.from(one.slice(start, start + 31))).length, 1, `from ${start}`);
    }
  });

  it('is the whole password if it has another format', () => {
    for (const password of ['not base64: ✓', Buffer.from('{"version":"2"}').toString('base64')]) {
      assert.deepEqual(ecrTokenSecret('odd', password), { name: 'odd', value: password });
    }
  });

  it('of a JWT is its signature and the jti of its claims', () => {
    const jti = '0123456789abcdef0123456789abcdef';
    for (const sub of ['o', 'op', 'ope', 'oper']) {
      const claims = { sub, role: 'op', jti, aud: 'apache-airflow', exp: 1_800_000_000 };
      const secrets = jwtSecrets('jwt', makeJwt(claims));
      assert.deepEqual(
        secrets.map(({ name }) => name),
        ['jwt, signature', 'jwt, jti'],
      );
      const find = createSecretFinder(secrets);
      const cut = makeJwt(claims).split('.').slice(0, 2).join('.');
      assert.deepEqual(
        find('here', Buffer.from(cut)).map(({ secret, form }) => `${secret}: ${form}`),
        ['jwt, jti: plain text'],
      );
      const ofAnother = { ...claims, jti: 'fedcba9876543210fedcba9876543210' };
      assert.deepEqual(find('here', Buffer.from(makeJwt(ofAnother, 'B'.repeat(43)))), []);
      assert.deepEqual(
        find('here', Buffer.from(JSON.stringify(claims))),
        [],
        'a decoded jti was reported as a secret',
      );
    }
  });

  it('of a JWT without jti is its signature and its whole claims', () => {
    const claims = { sub: 'a-user-of-some-length', aud: 'apache-airflow', exp: 1_800_000_000 };
    const find = createSecretFinder(jwtSecrets('jwt', makeJwt(claims)));
    const [, text = ''] = makeJwt(claims).split('.');
    assert.deepEqual(
      find('here', Buffer.from(`${text}.`)).map(({ secret }) => secret),
      ['jwt, claims'],
    );
    assert.deepEqual(find('here', Buffer.from(text.slice(0, -1))), []);
    assert.deepEqual(find('here', Buffer.from(makeJwt({ ...claims, exp: 1 }, 'B'.repeat(43)))), []);
  });

  it('is the whole value if it is not a JWT', () => {
    assert.deepEqual(jwtSecrets('opaque', 'a.bearer'), [{ name: 'opaque', value: 'a.bearer' }]);
  });
});
