import assert from 'node:assert/strict';
import { listSecrets, removeSecrets, toQuote } from '../../src/temporal/outside-text.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';

describe('the secrets in a text from outside', () => {
  const credentials = { username: 'user', password: 'proxy-password' };
  const proxy = { scheme: 'http', host: 'proxy', port: 1, credentials, variable: 'HTTPS_PROXY' } as const;
  const secrets = listSecrets({
    ...plainSettings('temporal:7233', 'default'),
    apiKey: 'key-of-api',
    metadata: { authorization: 'Bearer token-in-header', 'x-flag': '1' },
    proxy,
  });

  for (const [what, text] of Object.entries({
    'an API key': 'Bearer key-of-api',
    'a header': 'authorization: Bearer token-in-header',
    'a header without its scheme': 'invalid token token-in-header',
    'the password of the proxy': 'proxy-password',
    'the login of the proxy as it is sent': `Basic ${Buffer.from('user:proxy-password').toString('base64')}`,
  })) {
    it(`are removed: ${what}`, () => {
      assert.doesNotMatch(
        removeSecrets(text, secrets),
        /key-of|token-in|proxy-pass|dXNlcjpwcm94eS1wYXNzd29yZA/,
      );
    });
  }

  it('are removed as a whole when one is the start of another', () => {
    assert.equal(removeSecrets('key-of-api-2', ['key-of-api', 'key-of-api-2']), '[secret]');
  });

  it('do not include short values, which would garble the text', () => {
    assert.equal(removeSecrets('status 1', secrets), 'status 1');
  });
});

describe('toQuote', () => {
  it('makes one line of limited length without control characters', () => {
    assert.equal(toQuote(' a\r\n\tb\u001b[31m\u0085c\n'), 'a\\r\\n\\tb\\u001b[31m\\u0085c');
    assert.equal(toQuote('x'.repeat(200)), 'x'.repeat(200));
    assert.equal(toQuote('x'.repeat(201)), `${'x'.repeat(199)}…`);
  });
});
