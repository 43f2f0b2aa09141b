import assert from 'node:assert/strict';

import { listProblems, listWarnings, read, SECRET } from './settings-folder.js';

const REMOTE = { TEMPORAL_ADDRESS: 'temporal.example.com:7233' };

describe('the settings of Temporal', () => {
  it('are the local server without TLS by default', () => {
    assert.deepEqual(read({}), {
      address: 'localhost:7233',
      host: 'localhost',
      port: 7233,
      addressSetting: undefined,
      namespace: 'default',
      tls: undefined,
      apiKey: undefined,
      metadata: {},
      proxy: undefined,
      warnings: [],
    });
  });

  it('are the same when every variable is empty or blank', () => {
    for (const blank of ['', '  ', '\n']) {
      const env = Object.fromEntries(
        [
          'TEMPORAL_ADDRESS',
          'TEMPORAL_NAMESPACE',
          'TEMPORAL_API_KEY',
          'TEMPORAL_TLS',
          'TEMPORAL_TLS_CLIENT_CERT_PATH',
          'TEMPORAL_TLS_CLIENT_CERT_DATA',
          'TEMPORAL_TLS_CLIENT_KEY_PATH',
          'TEMPORAL_TLS_CLIENT_KEY_DATA',
          'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
          'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
          'TEMPORAL_TLS_SERVER_NAME',
          'TEMPORAL_GRPC_META_X_TEAM',
          'TEMPORAL_CONFIG_FILE',
          'TEMPORAL_PROFILE',
          'TEMPORAL_HOST',
        ].map((name) => [name, blank]),
      );
      assert.deepEqual(read(env), read({}));
    }
  });

  it('report all problems at once', () => {
    const env = {
      TEMPORAL_ADDRESS: 'https://x',
      TEMPORAL_NAMESPACE: 'a b',
      TEMPORAL_API_KEY: 'a b',
      TEMPORAL_TLS: '?',
    };
    assert.deepEqual(
      listProblems(env).map((problem) => problem.split(':')[0]),
      ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY', 'TEMPORAL_TLS'],
    );
  });
});

describe('TEMPORAL_ADDRESS', () => {
  for (const { value, address, host = 'temporal.example.com', port = 7233 } of [
    { value: 'temporal.example.com:7233', address: 'temporal.example.com:7233' },
    { value: 'Temporal.Example.com', address: 'temporal.example.com:7233' },
    {
      value: 'temporal_frontend:17233',
      address: 'temporal_frontend:17233',
      host: 'temporal_frontend',
      port: 17233,
    },
    { value: '10.0.0.1:1', address: '10.0.0.1:1', host: '10.0.0.1', port: 1 },
    { value: '[::1]:7233', address: '[::1]:7233', host: '::1' },
    { value: '[2001:db8::1]', address: '[2001:db8::1]:7233', host: '2001:db8::1' },
    { value: 'localhost:65535', address: 'localhost:65535', host: 'localhost', port: 65535 },
  ]) {
    it(`accepts ${value}`, () => {
      const settings = read({ TEMPORAL_ADDRESS: value });
      assert.deepEqual(
        { address: settings.address, host: settings.host, port: settings.port },
        { address, host, port },
      );
      assert.equal(settings.addressSetting, 'TEMPORAL_ADDRESS');
    });
  }

  for (const { value, message } of [
    { value: 'https://temporal.example.com', message: 'has a scheme, such as https://' },
    { value: 'http://temporal.example.com:7233/', message: 'has a scheme, such as https://' },
    { value: 'dns:///temporal.example.com:7233', message: 'has a scheme, such as https://' },
    { value: 'temporal.example.com:7233/api', message: 'contains a path' },
    { value: 'user:pw@temporal.example.com:7233', message: 'contains a user name' },
    { value: 'temporal.example.com:7233 ', message: 'contains whitespace or a control character' },
    { value: 'temporal.example.com:7233\n', message: 'contains whitespace or a control character' },
    { value: '::1', message: 'is an IPv6 address without brackets' },
    { value: '::1:7233', message: 'is an IPv6 address without brackets' },
    { value: '[::1', message: 'is not a valid address' },
    { value: '[::1]7233', message: 'is not a valid address' },
    { value: '[localhost]:7233', message: 'does not contain a valid IPv6 address in the brackets' },
    { value: '[fe80::1%eth0]:7233', message: 'does not contain a valid IPv6 address in the brackets' },
    { value: ':7233', message: 'has no host' },
    { value: 'localhost:', message: 'has no port after the colon' },
    { value: 'localhost:0', message: 'has a port that is not a number from 1 to 65535' },
    { value: 'localhost:65536', message: 'has a port that is not a number from 1 to 65535' },
    { value: 'localhost:grpc', message: 'has a port that is not a number from 1 to 65535' },
    { value: 'localhost:7233:7233', message: 'has a port that is not a number from 1 to 65535' },
    { value: '7233', message: 'does not contain a valid host name or IPv4 address' },
    { value: '10.0.0.256:7233', message: 'does not contain a valid host name or IPv4 address' },
    { value: 'a..b:7233', message: 'does not contain a valid host name or IPv4 address' },
    { value: '-a:7233', message: 'does not contain a valid host name or IPv4 address' },
    { value: 'tempöral:7233', message: 'does not contain a valid host name or IPv4 address' },
  ]) {
    it(`rejects ${JSON.stringify(value)}`, () => {
      assert.deepEqual(listProblems({ TEMPORAL_ADDRESS: value }), [`TEMPORAL_ADDRESS: ${message}`]);
    });
  }
});

describe('TEMPORAL_NAMESPACE', () => {
  it('accepts printable ASCII characters', () => {
    assert.equal(read({ TEMPORAL_NAMESPACE: 'prod.a1b2c' }).namespace, 'prod.a1b2c');
    assert.equal(read({ TEMPORAL_NAMESPACE: 'n'.repeat(255) }).namespace.length, 255);
  });

  for (const { value, message } of [
    { value: 'a b', message: 'contains a space' },
    { value: 'default\n', message: 'ends with a line break' },
    { value: ' default', message: 'begins with whitespace' },
    { value: 'a\tb', message: 'contains a control character' },
    { value: 'größe', message: 'contains a character that is not ASCII' },
    { value: 'n'.repeat(256), message: 'is longer than 255 characters' },
  ]) {
    it(`rejects one that ${message}`, () => {
      assert.deepEqual(listProblems({ TEMPORAL_NAMESPACE: value }), [`TEMPORAL_NAMESPACE: ${message}`]);
    });
  }
});

describe('TEMPORAL_API_KEY', () => {
  it('turns TLS on', () => {
    const { apiKey, tls } = read({ ...REMOTE, TEMPORAL_API_KEY: SECRET });
    assert.equal(apiKey, SECRET);
    assert.deepEqual(tls, { client: undefined, ca: undefined, serverName: undefined });
  });

  for (const { value, message } of [
    { value: `Bearer ${SECRET}`, message: 'begins with "Bearer"' },
    { value: `bearer ${SECRET}`, message: 'begins with "Bearer"' },
    { value: `${SECRET}\n`, message: 'ends with a line break' },
    { value: ` ${SECRET}`, message: 'begins with whitespace' },
    { value: `${SECRET} `, message: 'ends with whitespace' },
    { value: `${SECRET}\n${SECRET}`, message: 'contains a line break' },
    { value: `${SECRET} ${SECRET}`, message: 'contains a space' },
    { value: `${SECRET}\x07${SECRET}`, message: 'contains a control character' },
    { value: `${SECRET}…${SECRET}`, message: 'contains a character that is not ASCII' },
  ]) {
    it(`rejects one that ${message} (${JSON.stringify(value)})`, () => {
      assert.deepEqual(listProblems({ TEMPORAL_API_KEY: value }), [`TEMPORAL_API_KEY: ${message}`]);
    });
  }
});

describe('TEMPORAL_TLS', () => {
  for (const value of ['true', 'True', 'TRUE', '1', 'yes', 'on', 'ON']) {
    it(`turns TLS on with ${value}`, () => {
      assert.ok(read({ ...REMOTE, TEMPORAL_TLS: value }).tls);
    });
  }

  for (const value of ['false', 'False', '0', 'no', 'off', ' off ']) {
    it(`keeps TLS off with ${value}, which an API key on loopback allows`, () => {
      const env = { TEMPORAL_ADDRESS: '127.0.0.1:7233', TEMPORAL_API_KEY: SECRET, TEMPORAL_TLS: value };
      assert.equal(read(env).tls, undefined);
    });

    it(`rejects an API key for another host with ${value}`, () => {
      assert.deepEqual(listProblems({ ...REMOTE, TEMPORAL_API_KEY: SECRET, TEMPORAL_TLS: value }), [
        'TEMPORAL_API_KEY: would be sent unencrypted, because TLS is off',
      ]);
    });
  }

  for (const value of ['tru', 'enabled', '2', 'y']) {
    it(`rejects ${JSON.stringify(value)}, and never takes it for false`, () => {
      assert.deepEqual(listProblems({ ...REMOTE, TEMPORAL_API_KEY: SECRET, TEMPORAL_TLS: value }), [
        'TEMPORAL_TLS: is neither true nor false',
      ]);
    });
  }

  it('rejects an IPv6 address without the name in the certificate, which the native library needs', () => {
    const env = { TEMPORAL_ADDRESS: '[2001:db8::1]:7233', TEMPORAL_TLS: 'true' };
    assert.deepEqual(listProblems(env), [
      'TEMPORAL_ADDRESS: is an IPv6 address, which the Temporal SDK cannot verify over TLS',
    ]);
    assert.ok(read({ ...env, TEMPORAL_TLS_SERVER_NAME: 'temporal.example.com' }).tls);
  });
});

describe('TEMPORAL_GRPC_META_*', () => {
  it('is a header with a name in lower case and with dashes', () => {
    const env = { ...REMOTE, TEMPORAL_GRPC_META_X_MY_TEAM: 'data platform' };
    assert.deepEqual(read(env).metadata, { 'x-my-team': 'data platform' });
    assert.equal(read(env).tls, undefined);
  });

  for (const { env, problem } of [
    {
      env: { TEMPORAL_GRPC_META_X_TEAM: `${SECRET}\n` },
      problem: 'TEMPORAL_GRPC_META_X_TEAM: cannot be sent in a header, because it ends with a line break',
    },
    {
      env: { TEMPORAL_GRPC_META_X_TEAM: `${SECRET}\x01${SECRET}` },
      problem:
        'TEMPORAL_GRPC_META_X_TEAM: cannot be sent in a header, because it contains a control character',
    },
    {
      env: { 'TEMPORAL_GRPC_META_X TEAM': 'x' },
      problem: 'TEMPORAL_GRPC_META_X TEAM: is not a valid header name',
    },
    { env: { TEMPORAL_GRPC_META_: 'x' }, problem: 'TEMPORAL_GRPC_META_: is not a valid header name' },
    {
      env: { TEMPORAL_GRPC_META_TRACE_BIN: 'x' },
      problem: 'TEMPORAL_GRPC_META_TRACE_BIN: is a binary header, which is not supported',
    },
    {
      env: { TEMPORAL_GRPC_META_CONTENT_TYPE: 'x' },
      problem: 'TEMPORAL_GRPC_META_CONTENT_TYPE: is set automatically for each call',
    },
    {
      env: { TEMPORAL_GRPC_META_GRPC_TIMEOUT: 'x' },
      problem: 'TEMPORAL_GRPC_META_GRPC_TIMEOUT: is set automatically for each call',
    },
    {
      env: { TEMPORAL_GRPC_META_X_Team: 'x', TEMPORAL_GRPC_META_X_TEAM: 'x' },
      problem: 'TEMPORAL_GRPC_META_X_TEAM: is the same header as TEMPORAL_GRPC_META_X_Team',
    },
    {
      env: { TEMPORAL_GRPC_META_AUTHORIZATION: `Bearer ${SECRET}`, TEMPORAL_API_KEY: SECRET },
      problem: 'TEMPORAL_GRPC_META_AUTHORIZATION: cannot be combined with TEMPORAL_API_KEY',
    },
  ]) {
    it(`is rejected: ${problem}`, () => {
      assert.deepEqual(listProblems(env), [problem]);
    });
  }

  it('with a name that suggests a secret requires TLS, except for loopback', () => {
    const env = { TEMPORAL_GRPC_META_X_API_KEY: SECRET };
    assert.deepEqual(listProblems({ ...REMOTE, ...env }), [
      'TEMPORAL_GRPC_META_X_API_KEY: would be sent unencrypted, because TLS is off',
    ]);
    assert.deepEqual(listProblems({ ...REMOTE, ...env, TEMPORAL_TLS: 'true' }), []);
    assert.deepEqual(listProblems(env), []);
  });
});

describe('variables without effect', () => {
  for (const { name, remedy } of [
    { name: 'TEMPORAL_HOST', remedy: 'Set TEMPORAL_ADDRESS instead.' },
    { name: 'TEMPORAL_HOSTPORT', remedy: 'Set TEMPORAL_ADDRESS instead.' },
    { name: 'TEMPORAL_HOST_URL', remedy: 'Set TEMPORAL_ADDRESS instead.' },
    { name: 'TEMPORAL_PORT', remedy: 'Set TEMPORAL_ADDRESS instead.' },
    { name: 'TEMPORAL_CLI_ADDRESS', remedy: 'Set TEMPORAL_ADDRESS instead.' },
    { name: 'TEMPORAL_CLI_SHOW_STACKS', remedy: 'Remove it.' },
    { name: 'TEMPORAL_ENV', remedy: 'Set TEMPORAL_PROFILE instead.' },
    { name: 'TEMPORAL_TLS_CERT', remedy: 'Set TEMPORAL_TLS_CLIENT_CERT_PATH instead.' },
    { name: 'TEMPORAL_TLS_KEY', remedy: 'Set TEMPORAL_TLS_CLIENT_KEY_PATH instead.' },
    { name: 'TEMPORAL_TLS_CA', remedy: 'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH instead.' },
    {
      name: 'TEMPORAL_TLS_CLIENT_CERT',
      remedy: 'Use TEMPORAL_TLS_CLIENT_CERT_PATH if that is what you mean.',
    },
    { name: 'TEMPORAL_ADRESS', remedy: 'Use TEMPORAL_ADDRESS if that is what you mean.' },
    { name: 'TEMPORAL_APIKEY', remedy: 'Use TEMPORAL_API_KEY if that is what you mean.' },
    { name: 'TEMPORAL_TASK_QUEUE', remedy: 'Set `temporal.taskQueue` in the configuration file.' },
    { name: 'TEMPORAL_SOMETHING_ELSE', remedy: 'Remove it.' },
  ]) {
    it(`are reported: ${name}`, () => {
      assert.deepEqual(read({ [name]: SECRET }).warnings, [
        { setting: name, message: 'has no effect here', remedy },
      ]);
    });
  }

  for (const { name, value, message } of [
    {
      name: 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION',
      value: 'true',
      message: 'has no effect here: the certificate of the server is always verified',
    },
    {
      name: 'TEMPORAL_CLI_TLS_DISABLE_HOST_VERIFICATION',
      value: '1',
      message: 'has no effect here: the certificate of the server is always verified',
    },
    {
      name: 'TEMPORAL_CODEC_ENDPOINT',
      value: 'https://codec.example.com',
      message: 'has no effect here: payloads contain no secret and are not encoded',
    },
  ]) {
    it(`are reported with the reason: ${name}`, () => {
      assert.deepEqual(listWarnings({ [name]: value }), [`${name}: ${message}`]);
    });
  }

  for (const { name, value = SECRET } of [
    { name: 'TEMPORAL_SERVICE_HOST', value: '10.0.0.1' },
    { name: 'TEMPORAL_FRONTEND_SERVICE_HOST' },
    { name: 'TEMPORAL_FRONTEND_SERVICE_PORT' },
    { name: 'TEMPORAL_FRONTEND_SERVICE_PORT_GRPC_RPC' },
    { name: 'TEMPORAL_FRONTEND_PORT', value: 'tcp://10.0.0.1:7233' },
    { name: 'TEMPORAL_PORT', value: 'tcp://10.0.0.1:7233' },
    { name: 'TEMPORAL_FRONTEND_PORT_7233_TCP', value: 'tcp://10.0.0.1:7233' },
    { name: 'TEMPORAL_FRONTEND_PORT_7233_TCP_PROTO' },
    { name: 'TEMPORAL_FRONTEND_PORT_7233_TCP_PORT' },
    { name: 'TEMPORAL_FRONTEND_PORT_7233_TCP_ADDR' },
    { name: 'TEMPORAL_CLI' },
    { name: 'TEMPORAL_DEBUG' },
    { name: 'TEMPORAL_TRACE_NATIVE_CALLS' },
    { name: 'TEMPORAL_DEPLOYMENT_NAME' },
    { name: 'TEMPORAL_WORKER_BUILD_ID' },
    { name: 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', value: 'false' },
  ]) {
    it(`are not reported if something else uses them: ${name}`, () => {
      assert.deepEqual(listWarnings({ [name]: value }), []);
    });
  }
});

describe('the proxy to Temporal', () => {
  it('is used for another host, and never for loopback', () => {
    const env = { HTTPS_PROXY: 'http://user:pw@proxy.example.com:3128' };
    assert.deepEqual(read({ ...REMOTE, ...env }).proxy, {
      scheme: 'http',
      host: 'proxy.example.com',
      port: 3128,
      credentials: { username: 'user', password: 'pw' },
      variable: 'HTTPS_PROXY',
    });
    assert.equal(read(env).proxy, undefined);
  });

  for (const { value, message } of [
    {
      value: 'https://proxy.example.com:3128',
      message: 'is a proxy with https://, which the Temporal SDK does not support',
    },
    {
      value: `http://user:${SECRET}%40@proxy.example.com:3128`,
      message: 'has a user name or password with : or @, which the Temporal SDK does not support',
    },
    {
      value: `http://us%3Aer:${SECRET}@proxy.example.com:3128`,
      message: 'has a user name or password with : or @, which the Temporal SDK does not support',
    },
    { value: 'http://', message: 'is not the URL of an HTTP proxy' },
  ]) {
    it(`is rejected if it ${message} (${value.replace(SECRET, '…')})`, () => {
      assert.deepEqual(listProblems({ ...REMOTE, HTTPS_PROXY: value }), [`HTTPS_PROXY: ${message}`]);
      assert.deepEqual(listProblems({ HTTPS_PROXY: value }), []);
    });
  }

  it('is rejected for an IPv6 address', () => {
    const env = { TEMPORAL_ADDRESS: '[2001:db8::1]:7233', HTTPS_PROXY: 'http://proxy.example.com:3128' };
    assert.deepEqual(listProblems(env), [
      'HTTPS_PROXY: is a proxy, through which the Temporal SDK does not reach an IPv6 address',
    ]);
  });
});
