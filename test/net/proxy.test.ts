import assert from 'node:assert/strict';
import { bypassesProxy, findProxy, formatProxy, ProxyInvalid, readProxy } from '../../src/net/proxy.js';
import { assertHides } from '../support/local-server.js';

const SECRET = 's3cret-of-the-proxy';
const TARGET = { host: 'temporal.corp.example', port: 7233 };
const PROXY = 'http://proxy:3128';

describe('findProxy', () => {
  const values: readonly { value: string; proxy: string; login?: readonly [string, string] }[] = [
    { value: 'http://proxy:3128', proxy: 'http://proxy:3128' },
    { value: 'HTTP://Proxy:3128/', proxy: 'http://proxy:3128' },
    { value: ' http://proxy:3128 \n', proxy: 'http://proxy:3128' },
    { value: 'proxy:3128', proxy: 'http://proxy:3128' },
    { value: 'proxy.corp.example', proxy: 'http://proxy.corp.example:80' },
    { value: 'http://proxy', proxy: 'http://proxy:80' },
    { value: 'https://proxy', proxy: 'https://proxy:443' },
    { value: 'https://proxy:80', proxy: 'https://proxy:80' },
    { value: '127.0.0.1:3128', proxy: 'http://127.0.0.1:3128' },
    { value: '[FD00::1]:3128', proxy: 'http://[fd00::1]:3128' },
    { value: 'http://[fd00::1]', proxy: 'http://[fd00::1]:80' },
    { value: 'http://@proxy:3128', proxy: 'http://proxy:3128' },
    { value: 'http://u:p@proxy:3128', proxy: 'http://proxy:3128', login: ['u', 'p'] },
    { value: 'u:p@proxy:3128', proxy: 'http://proxy:3128', login: ['u', 'p'] },
    { value: 'https://u@proxy', proxy: 'https://proxy:443', login: ['u', ''] },
    { value: 'http://:p@proxy', proxy: 'http://proxy:80', login: ['', 'p'] },
    { value: 'http://u:p:q@r@proxy', proxy: 'http://proxy:80', login: ['u', 'p:q@r'] },
    { value: 'http://CORP\\u:p@proxy', proxy: 'http://proxy:80', login: ['CORP\\u', 'p'] },
    { value: 'http://u%40corp:%2F%23%25@proxy', proxy: 'http://proxy:80', login: ['u@corp', '/#%'] },
    { value: 'http://u:p%C3%A4@[fd00::1]:1', proxy: 'http://[fd00::1]:1', login: ['u', 'pä'] },
  ];
  for (const { value, proxy, login } of values) {
    it(`reads ${JSON.stringify(value)}`, () => {
      const found = findProxy(TARGET, { HTTPS_PROXY: value });
      assert.ok(found);
      assert.equal(formatProxy(found), proxy);
      assert.deepEqual(found.credentials, login && { username: login[0], password: login[1] });
      assert.equal(found.variable, 'HTTPS_PROXY');
    });
  }

  it('returns an IPv6 address without brackets', () => {
    assert.equal(findProxy(TARGET, { https_proxy: '[fd00::1]:3128' })?.host, 'fd00::1');
  });

  it('rejects a SOCKS proxy without showing it', () => {
    for (const value of [`socks5://u:${SECRET}@proxy:1080`, `socks5h://${SECRET}`, `SOCKS4://${SECRET}`]) {
      assert.throws(
        () => findProxy(TARGET, { HTTPS_PROXY: value }),
        (error) => {
          assert.ok(error instanceof ProxyInvalid);
          assertHides(error, [SECRET]);
          assert.equal(error.message, 'is a SOCKS proxy, which is not supported');
          return true;
        },
      );
    }
  });

  const invalid: readonly { value: string; isLogin?: true }[] = [
    { value: `${SECRET}://proxy` },
    { value: `://${SECRET}` },
    { value: 'http://' },
    { value: '/' },
    { value: `http://u:${SECRET}@` },
    { value: `http://u:${SECRET}@:3128` },
    { value: `http:/${SECRET}:3128` },
    { value: `http:${SECRET}:3128` },
    { value: `http:///${SECRET}:3128` },
    { value: `http://proxy:3128/${SECRET}` },
    { value: `http://proxy:3128?${SECRET}` },
    { value: `http://proxy:${SECRET}` },
    { value: `http://${SECRET}:` },
    { value: `http://${SECRET}:0` },
    { value: `http://${SECRET}:65536` },
    { value: `http://${SECRET} proxy` },
    { value: `http://${SECRET}\\proxy` },
    { value: 'http://fd00::1:3128' },
    { value: 'http://[fd00::zz]:3128' },
    { value: `http://${SECRET}<>` },
    { value: `http://u:12#${SECRET}@proxy:3128`, isLogin: true },
    { value: `http://u:12/${SECRET}@proxy:3128`, isLogin: true },
    { value: `http://u:12?${SECRET}@proxy:3128`, isLogin: true },
    { value: `http://u:%${SECRET}@proxy:3128`, isLogin: true },
    { value: `http://%ff:${SECRET}@proxy:3128`, isLogin: true },
  ];
  for (const { value, isLogin } of invalid) {
    it(`rejects ${JSON.stringify(value)} without showing it`, () => {
      for (const variable of ['https_proxy', 'HTTPS_PROXY']) {
        assert.throws(
          () => findProxy(TARGET, { [variable]: value }),
          (error) => {
            assert.ok(error instanceof ProxyInvalid);
            assertHides(error, [SECRET]);
            assert.equal(error.variable, variable);
            assert.deepEqual(
              [error.message, error.remedy],
              isLogin
                ? [
                    'has a user name or password that is not percent-encoded',
                    'Percent-encode special characters in it: / as %2F, @ as %40, # as %23, % as %25.',
                  ]
                : ['is not the URL of an HTTP proxy', 'Set it to http://host:port or https://host:port.'],
            );
            return true;
          },
        );
      }
    });
  }

  const environments: readonly { title: string; env: NodeJS.ProcessEnv; found: string | undefined }[] = [
    { title: 'no variable', env: {}, found: undefined },
    { title: 'an empty variable', env: { https_proxy: '' }, found: undefined },
    { title: 'blanks', env: { https_proxy: ' \t', HTTPS_PROXY: '\n' }, found: undefined },
    { title: 'upper case', env: { HTTPS_PROXY: 'b' }, found: 'HTTPS_PROXY http://b:80' },
    {
      title: 'lower case first',
      env: { HTTPS_PROXY: 'b', https_proxy: 'a' },
      found: 'https_proxy http://a:80',
    },
    {
      title: 'upper case if lower case is empty',
      env: { HTTPS_PROXY: 'b', https_proxy: '' },
      found: 'HTTPS_PROXY http://b:80',
    },
    {
      title: 'none of the variables of other protocols and libraries',
      env: {
        all_proxy: 'a',
        ALL_PROXY: 'socks5://b:1080',
        http_proxy: 'c',
        HTTP_PROXY: 'd',
        grpc_proxy: 'e',
      },
      found: undefined,
    },
    { title: 'NO_PROXY', env: { HTTPS_PROXY: PROXY, NO_PROXY: 'corp.example' }, found: undefined },
    { title: 'no_proxy', env: { HTTPS_PROXY: PROXY, no_proxy: 'corp.example' }, found: undefined },
    {
      title: 'no_proxy instead of NO_PROXY',
      env: { HTTPS_PROXY: 'b', no_proxy: 'other.example', NO_PROXY: 'corp.example' },
      found: 'HTTPS_PROXY http://b:80',
    },
    {
      title: 'NO_PROXY if no_proxy is empty',
      env: { HTTPS_PROXY: 'b', no_proxy: ' ', NO_PROXY: 'corp.example' },
      found: undefined,
    },
    {
      title: 'no_grpc_proxy not at all',
      env: { HTTPS_PROXY: 'b', no_grpc_proxy: 'corp.example' },
      found: 'HTTPS_PROXY http://b:80',
    },
    {
      title: 'no invalid proxy that this connection does not use',
      env: { HTTPS_PROXY: 'socks5://b', NO_PROXY: '*' },
      found: undefined,
    },
  ];
  for (const { title, env, found } of environments) {
    it(`considers ${title}`, () => {
      const proxy = findProxy(TARGET, env);
      assert.equal(proxy && `${proxy.variable} ${formatProxy(proxy)}`, found);
    });
  }

  for (const host of [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
  ]) {
    it(`never returns a proxy for ${host}, whatever the variables contain`, () => {
      assert.equal(findProxy({ host, port: 7233 }, { https_proxy: PROXY }), undefined);
      assert.equal(findProxy({ host, port: 7233 }, { https_proxy: 'socks5://proxy' }), undefined);
    });
  }

  it('returns a proxy for localhost., which resolvers look up in DNS', () =>
    assert.equal(
      findProxy({ host: 'localhost.', port: 7233 }, { https_proxy: PROXY })?.variable,
      'https_proxy',
    ));

  it('reads the environment of the process at each call', () => {
    const before = process.env['https_proxy'];
    process.env['https_proxy'] = 'http://proxy.invalid:1';
    const found = findProxy(TARGET);
    process.env['https_proxy'] = 'http://proxy.invalid:2';
    const next = findProxy(TARGET);
    if (before === undefined) delete process.env['https_proxy'];
    else process.env['https_proxy'] = before;
    assert.deepEqual([found?.port, next?.port], [1, 2]);
  });
});

describe('readProxy', () => {
  it('reads all_proxy only if asked to, after https_proxy', () => {
    const read = (env: NodeJS.ProcessEnv) => readProxy(env, ['https_proxy', 'all_proxy'])?.variable;
    assert.equal(readProxy({ all_proxy: PROXY, ALL_PROXY: PROXY }), undefined);
    assert.equal(read({ ALL_PROXY: PROXY }), 'ALL_PROXY');
    assert.equal(read({ ALL_PROXY: PROXY, all_proxy: PROXY }), 'all_proxy');
    assert.equal(read({ all_proxy: PROXY, HTTPS_PROXY: PROXY }), 'HTTPS_PROXY');
    assert.equal(read({ ALL_PROXY: 'socks5://proxy:1080', HTTPS_PROXY: PROXY }), 'HTTPS_PROXY');
    assert.throws(() => read({ ALL_PROXY: 'socks5://proxy:1080' }), ProxyInvalid);
  });
});

describe('bypassesProxy', () => {
  const lists: readonly { list: string; direct?: readonly string[]; proxied?: readonly string[] }[] = [
    { list: '', proxied: ['example.com', '10.1.2.3'] },
    { list: ' , ,', proxied: ['example.com', '10.1.2.3'] },
    { list: '*', direct: ['example.com', '10.1.2.3', 'fd00::1'] },
    { list: 'other.test, *', direct: ['example.com', '10.1.2.3'] },
    {
      list: 'example.com',
      direct: ['example.com', 'EXAMPLE.com', 'example.com.', 'a.example.com', 'a.b.example.com'],
      proxied: ['notexample.com', 'example.com.test', 'example.org', 'com'],
    },
    { list: 'Example.COM.', direct: ['example.com', 'a.example.com'], proxied: ['notexample.com'] },
    {
      list: '.example.com',
      direct: ['a.example.com', 'a.b.example.com', 'A.EXAMPLE.COM.'],
      proxied: ['example.com', 'notexample.com'],
    },
    { list: '*.example.com', direct: ['a.example.com'], proxied: ['example.com', 'notexample.com'] },
    { list: '*example.com', proxied: ['example.com', 'a.example.com', 'notexample.com'] },
    { list: 'a.*.com', proxied: ['a.example.com'] },
    { list: '.', proxied: ['example.com', 'a.example.com.'] },
    { list: '*.', proxied: ['example.com', 'a.example.com.'] },
    { list: 'com', direct: ['example.com'], proxied: ['example.org'] },
    { list: 'localdomain other.test\texample.com', direct: ['example.com', 'other.test'] },
    { list: 'other.test,example.com', direct: ['example.com', 'other.test'], proxied: ['third.test'] },
    { list: ' other.test ,\n example.com ', direct: ['example.com', 'other.test'] },
    { list: 'example.com:7233', direct: ['example.com', 'a.example.com'], proxied: ['example.org'] },
    { list: 'example.com:443', proxied: ['example.com', 'a.example.com'] },
    { list: '.example.com:7233', direct: ['a.example.com'], proxied: ['example.com'] },
    { list: '*.example.com:443', proxied: ['a.example.com'] },
    { list: '*:7233', direct: ['example.com', '10.1.2.3'] },
    { list: '*:443', proxied: ['example.com', '10.1.2.3'] },
    { list: 'example.com:', direct: ['example.com'] },
    { list: 'example.com:https', proxied: ['example.com'] },
    { list: ':7233', proxied: ['example.com'] },
    { list: 'http://example.com', proxied: ['example.com'] },
    { list: 'bücher.example', direct: ['bücher.example', 'xn--bcher-kva.example', 'a.BÜCHER.example'] },
    { list: 'bücher.example。', direct: ['bücher.example', 'bücher.example.'] },
    { list: '.bücher.example', direct: ['a.bücher.example'], proxied: ['bücher.example'] },
    { list: '10.1.2.3', direct: ['10.1.2.3', '::ffff:10.1.2.3'], proxied: ['10.1.2.30', '110.1.2.3'] },
    { list: '10.1.2.3:7233', direct: ['10.1.2.3'] },
    { list: '10.1.2.3:443', proxied: ['10.1.2.3'] },
    { list: '2.3', proxied: ['10.1.2.3'] },
    { list: '.2.3', proxied: ['10.1.2.3'] },
    { list: '10.', proxied: ['10.1.2.3'] },
    { list: '10.0.0.0/8', direct: ['10.1.2.3', '::ffff:10.1.2.3'], proxied: ['11.1.2.3', 'fd00::1'] },
    { list: '10.9.9.9/8', direct: ['10.1.2.3'] },
    { list: '172.16.0.0/12', direct: ['172.31.255.255'], proxied: ['172.32.0.0', 'a.172.16.0.0.test'] },
    { list: '10.0.0.4/31', direct: ['10.0.0.5'], proxied: ['10.0.0.6'] },
    { list: '10.0.0.4/32', direct: ['10.0.0.4'], proxied: ['10.0.0.5'] },
    { list: '0.0.0.0/0', direct: ['10.1.2.3'], proxied: ['example.com', 'fd00::1'] },
    { list: '10.0.0.0/33', proxied: ['10.1.2.3'] },
    { list: '10.0.0.0/', proxied: ['10.1.2.3'] },
    { list: 'example.com/8', proxied: ['example.com', '10.1.2.3'] },
    {
      list: 'fd00::a',
      direct: ['fd00::a', '[fd00::a]', 'FD00::A', 'fd00:0:0:0:0:0:0:a'],
      proxied: ['fd00::b', 'fd00::1:a'],
    },
    { list: '[FD00::A]', direct: ['fd00::a', '[fd00::a]'], proxied: ['fd00::b'] },
    { list: '[fd00::a]:7233', direct: ['fd00::a'], proxied: ['fd00::b'] },
    { list: '[fd00::a]:443', proxied: ['fd00::a'] },
    { list: 'fe80::1', direct: ['fe80::1', 'fe80::1%eth0'] },
    { list: '*.corp.example', proxied: ['fe80::1%a.corp.example'] },
    { list: 'fd00::/8', direct: ['fd12::1', '[fd12::1]'], proxied: ['fe12::1', '10.1.2.3'] },
    { list: '[fd00::]/8', direct: ['fd12::1'], proxied: ['fe12::1'] },
    { list: '2001:db8::/33', direct: ['2001:db8:7fff::1'], proxied: ['2001:db8:8000::1'] },
    { list: '2001:db8::/128', direct: ['2001:db8::'], proxied: ['2001:db8::1'] },
    { list: 'fd00::/129', proxied: ['fd00::1'] },
    { list: '::/0', direct: ['fd00::1'], proxied: ['example.com'] },
  ];
  for (const { list, direct = [], proxied = [] } of lists) {
    it(`reads ${JSON.stringify(list)} in NO_PROXY`, () => {
      const bypasses = (host: string) => bypassesProxy({ host, port: 7233 }, { NO_PROXY: list });
      assert.deepEqual(
        [...direct, ...proxied].map((host) => [host, bypasses(host)]),
        [...direct.map((host) => [host, true]), ...proxied.map((host) => [host, false])],
      );
    });
  }
});
