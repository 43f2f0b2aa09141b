import assert from 'node:assert/strict';
import { readChallenge } from '../../../src/verify/registry/challenge.js';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

describe('readChallenge', () => {
  for (const header of [undefined, '', 'Basic realm="https://x/",service="ecr.amazonaws.com"', 'Negotiate']) {
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

  for (const header of [
    'Bearer realm="https://evil.example.com/token"',
    'bearer REALM="https://evil.example.com/token"',
    'Basic realm="x", Bearer realm="https://evil.example.com/token"',
    `Bearer realm="http://${HOST}/token"`,
    `Bearer realm="https://${HOST}:8443/token"`,
    `Bearer realm="https://${HOST}.evil.example.com/token"`,
    `Bearer realm="https://${HOST}@evil.example.com/token"`,
    `Bearer realm="https://user@${HOST}/token"`,
    'Bearer realm="https://public.ecr.aws/token/"',
    `Bearer realm="https://999999999999.dkr.ecr.us-east-1.amazonaws.com/token"`,
    'Bearer realm="/token"',
    `Bearer realm=https://${HOST}/token`,
    'Bearer service="x"',
    'Bearer realm="http://127.0.0.1:1/token"',
  ]) {
    it(`treats the realm of ${header} as another host`, () =>
      assert.deepEqual(readChallenge(header, HOST), { scheme: 'other-host' }));
  }

  it('treats another port on loopback as another host', () => {
    const challenge = readChallenge('Bearer realm="http://127.0.0.1:5001/token"', '127.0.0.1:5000');
    assert.deepEqual(challenge, { scheme: 'other-host' });
  });
});
