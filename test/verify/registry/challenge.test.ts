import assert from 'node:assert/strict';
import { readChallenge, type UntrustedRealm } from '../../../src/verify/registry/challenge.js';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

describe('readChallenge', () => {
  for (const header of [
    undefined,
    'Basic realm="https://x/",service="ecr.amazonaws.com"',
    'BASIC',
    'Negotiate, Basic realm="x"',
    'Basic realm=Registry of the team',
    'Basic realm="for the bearer of a badge"',
  ]) {
    it(`uses basic authentication for ${JSON.stringify(header)}`, () =>
      assert.deepEqual(readChallenge(header, HOST), { scheme: 'basic' }));
  }

  it('reads realm, service and scope', () => {
    const challenge = readChallenge(
      'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
      'public.ecr.aws',
    );
    assert.ok(challenge.scheme === 'bearer');
    assert.deepEqual(
      [challenge.realm.href, challenge.service, challenge.scope],
      ['https://public.ecr.aws/token/', 'public.ecr.aws', 'aws'],
    );
  });

  for (const { realm, host } of [
    { realm: `https://${HOST}/token`, host: HOST },
    { realm: 'https://public.ecr.aws/token/', host: 'ecr-public.aws.com' },
    { realm: 'https://ecr-public.aws.com/token/', host: 'public.ecr.aws' },
    { realm: 'http://127.0.0.1:5000/token', host: '127.0.0.1:5000' },
    { realm: 'https://registry.example.com:5000/t', host: 'registry.example.com:5000' },
    { realm: 'https://registry.example.com:443/t', host: 'registry.example.com' },
  ] as const) {
    it(`accepts the realm ${realm} for ${host}`, () =>
      assert.equal(readChallenge(`Bearer realm="${realm}"`, host).scheme, 'bearer'));
  }

  it('reads escapes, and parameters without quotes', () => {
    const header = String.raw`Bearer service=a, scope="b \"c\\", realm="https:\//${HOST}/t"`;
    const challenge = readChallenge(header, HOST);
    assert.deepEqual(challenge, {
      scheme: 'bearer',
      realm: new URL(`https://${HOST}/t`),
      service: 'a',
      scope: 'b "c\\',
    });
  });

  for (const header of ['', ' ', 'Negotiate', 'Digest realm="x", nonce="y"', ']]{"', 'Basicrealm="x"']) {
    it(`cannot log in with ${JSON.stringify(header)}`, () =>
      assert.deepEqual(readChallenge(header, HOST), { scheme: 'unsupported' }));
  }

  const own = `realm="https://${HOST}/token"`;
  const evil = 'realm="https://evil.example.com/token"';
  const UNTRUSTED: Readonly<Record<UntrustedRealm, readonly string[]>> = {
    'other host': [
      `Bearer ${evil}`,
      'bearer REALM="https://evil.example.com/token"',
      `Basic realm="x", Bearer ${evil}`,
      // Docker sends the password to each realm if these are two headers.
      `Bearer ${own}, Bearer ${evil}`,
      `Bearer ${own}, Basic realm="x", Bearer ${evil}`,
      `Bearer realm="https://${HOST}:8443/token"`,
      `Bearer realm="https://${HOST}.evil.example.com/token"`,
      `Bearer realm="https://${HOST}@evil.example.com/token"`,
      `Bearer realm="https://${HOST}\\@evil.example.com/token"`,
      `Bearer x="\\", ${own.replaceAll('"', '\\"')}", ${evil}`,
      'Bearer realm="https://public.ecr.aws/token/"',
      'Bearer realm="https://999999999999.dkr.ecr.us-east-1.amazonaws.com/token"',
      'Bearer realm="http://127.0.0.1:1/token"',
    ],
    unencrypted: [`Bearer realm="http://${HOST}/token"`],
    relative: ['Bearer realm="/token"', 'Bearer realm="rubbish"', `Bearer realm="${HOST}/token"`],
    'not a URL': [
      `Bearer realm="https://user@${HOST}/token"`,
      `Bearer realm="https:/${HOST}/token"`,
      `Bearer realm="https:\\\\${HOST}\\\\token"`,
      `Bearer realm="https://${HOST}/a b"`,
      `Bearer realm="//${HOST}/token"`,
      'Bearer realm="https://"',
      'Bearer realm="https://evil.example.com:99999/"',
      'Bearer realm="javascript:alert(1)"',
      'Bearer realm="file:///token"',
    ],
    missing: ['Bearer', 'Bearer service="x"', 'Bearer realm=""', `Bearer service="x", Basic ${own}`],
    'unreadable challenge': [
      `Bearer realm=https://${HOST}/token`,
      `Bearer realm="https://${HOST}/token`,
      `Bearer ${own.slice(0, -1)}, ${evil}`,
      // Docker uses the last one.
      `Bearer ${own}, ${evil}`,
      `Bearer realm = "https://${HOST}/token"`,
      `Bearer ${own}x`,
      `Basic realm="x, Bearer ${evil}`,
      '="bearer"',
    ],
  };

  for (const [reason, headers] of Object.entries(UNTRUSTED)) {
    for (const header of headers) {
      it(`does not trust ${JSON.stringify(header)} (${reason})`, () =>
        assert.deepEqual(readChallenge(header, HOST), { scheme: 'untrusted', reason }));
    }
  }

  it('treats another port on loopback as another host', () => {
    const challenge = readChallenge('Bearer realm="http://127.0.0.1:5001/token"', '127.0.0.1:5000');
    assert.deepEqual(challenge, { scheme: 'untrusted', reason: 'other host' });
  });
});
