// Variables and files of an administrator: proxies, Docker, Temporal, AWS.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { followProfile } from '../../src/aws/credentials/profile.js';
import { readAwsFiles } from '../../src/aws/credentials/aws-files.js';
import { describeProcessOutput, findProgram } from '../../src/aws/credentials/process-result.js';
import { findDefaultEngine } from '../../src/config/default-engine.js';
import { readEngineUrl } from '../../src/config/schema/engine-url.js';
import { isLoopbackHost } from '../../src/net/is-loopback.js';
import { matchesNoProxy } from '../../src/net/no-proxy.js';
import { findProxyOf, formatProxy, ProxyInvalid, readProxy } from '../../src/net/proxy.js';
import { TemporalSettingsInvalid } from '../../src/temporal/settings/settings-error.js';
import { readTemporalSettings } from '../../src/temporal/settings/settings.js';
import { setEnvironment } from '../support/local-server.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { CANARY, TIMEOUT_MS, assertHidden, check, checkAsync, mutated, resultOf, text } from './hostile.js';

describe('fuzzed: variables of proxies', function () {
  this.timeout(TIMEOUT_MS);
  const PROXIES = [
    'http://proxy.example:3128',
    `https://user:${CANARY}@proxy.example`,
    '[::1]:8080',
    'socks5://p',
  ];

  it('are a proxy, or invalid without a quote of their value', () => {
    check(mutated(...PROXIES), (https_proxy) => {
      const proxy = resultOf(() => readProxy({ https_proxy }), ProxyInvalid);
      if (proxy instanceof Error) return assertHidden(proxy);
      if (!proxy) return;
      assert.ok(proxy.port >= 1 && proxy.port <= 65_535 && proxy.host !== '');
      assert.ok(URL.canParse(formatProxy(proxy)), formatProxy(proxy));
      const again = readProxy({ https_proxy: formatProxy(proxy) });
      assert.deepEqual([again?.host, again?.port, again?.scheme], [proxy.host, proxy.port, proxy.scheme]);
      findProxyOf(new URL('https://airflow.example.com'), { https_proxy });
    });
  });

  it('that exclude hosts match or do not match any of them', () => {
    const LISTS = [
      'localhost,.example.com,10.0.0.0/8',
      '[fd00::]/8 ::1 fe80::1%eth0',
      '*',
      '*.a:443',
      '10.0.0.0/33',
    ];
    const HOSTS = [
      'airflow.example.com',
      '10.1.2.3',
      '[fd00::1]',
      'fe80::1%eth0',
      'localhost.',
      '::ffff:10.1.2.3',
    ];
    check(fc.tuple(mutated(...LISTS), mutated(...HOSTS)), ([list, host]) => {
      assert.equal(typeof matchesNoProxy(list, { host, port: 443 }), 'boolean');
      assert.ok(matchesNoProxy(`${list},*`, { host, port: 443 }));
      isLoopbackHost(host);
    });
  });
});

describe('fuzzed: DOCKER_HOST', function () {
  this.timeout(TIMEOUT_MS);
  const URLS = [
    'unix:///var/run/docker.sock',
    'tcp://docker.example:2376',
    'TCP://127.0.0.1',
    'ssh://u@h',
    'tcp://[::1]:1',
  ];

  it('is an engine, or a warning', () => {
    check(
      fc.tuple(mutated(...URLS, `tcp://user:${CANARY}@h:1`), fc.constantFrom('', '1')),
      ([url, verify]) => {
        const env = { DOCKER_HOST: url, DOCKER_TLS_VERIFY: verify, HOME: '/nonexistent' };
        const { engines, warnings } = findDefaultEngine(env);
        assert.ok(engines.length === 1 || warnings.length > 0);
        if (url.includes(`:${CANARY}@`)) assertHidden(warnings);
        for (const engine of engines) {
          const again = readEngineUrl(engine.url);
          assert.deepEqual(again, { result: engine.url });
          const host = /^tcp:\/\/(.*):\d+$/.exec(engine.url)?.[1];
          assert.ok(host === undefined || engine.tls || isLoopbackHost(host));
        }
      },
    );
  });
});

describe('fuzzed: settings of Temporal', function () {
  this.timeout(TIMEOUT_MS);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const TOML = [
    `[profile.default]\naddress = "temporal.example:7233"\nnamespace = "n"\napi_key = "${CANARY}"\n`,
    `[profile.default.tls]\nserver_name = "a"\ndisabled = false\n[profile.default.grpc_meta]\nx-a = "${CANARY}"\n`,
    '[profile.__proto__]\naddress = "a"\n[profile.constructor]\n',
  ];

  function read(env: NodeJS.ProcessEnv): void {
    const result = resultOf(() => readTemporalSettings(env), TemporalSettingsInvalid);
    if (result instanceof Error)
      return assertHidden(result.problems.map(({ message, remedy }) => message + remedy));
    assert.match(result.address, /^[^\s@/]+:\d{1,5}$/);
    assertHidden(result.warnings.map(({ message }) => message));
  }

  it('in temporal.toml are settings, or invalid without a quote of the file', () => {
    const file = join(folder, 'temporal.toml');
    check(
      fc.tuple(mutated(...TOML), fc.constantFrom('default', 'constructor', '__proto__')),
      ([content, profile]) => {
        writeFileSync(file, content, { mode: 0o600 });
        read({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: profile });
      },
    );
  });

  it('in variables are settings, or invalid without a quote of their values', () => {
    const variables = fc.record(
      {
        TEMPORAL_ADDRESS: mutated('temporal.example:7233', '[2001:db8::1]:7233', `https://u:${CANARY}@h`),
        TEMPORAL_NAMESPACE: mutated('default'),
        TEMPORAL_API_KEY: mutated(CANARY, `Bearer ${CANARY}`),
        TEMPORAL_TLS: mutated('true', 'off'),
        TEMPORAL_TLS_SERVER_NAME: mutated('temporal.example'),
        TEMPORAL_TLS_CLIENT_CERT_DATA: mutated(SELF_SIGNED.cert),
        TEMPORAL_TLS_CLIENT_KEY_DATA: mutated(SELF_SIGNED.key),
        TEMPORAL_TLS_SERVER_CA_CERT_DATA: mutated(SELF_SIGNED.cert),
        TEMPORAL_GRPC_META_X_A: mutated(CANARY),
        https_proxy: mutated(`http://u:${CANARY}@proxy:1`),
      },
      { requiredKeys: [] },
    );
    check(variables, (env) => read({ ...env, HOME: '/nonexistent' }));
  });
});

describe('fuzzed: files of AWS', function () {
  this.timeout(TIMEOUT_MS);
  let folder = '';
  let restore = (): void => {};
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
    restore = setEnvironment({
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    });
  });
  after(() => {
    restore();
    rmSync(folder, { recursive: true });
  });

  const FILES = [
    `[default]\naws_access_key_id = AKIA\naws_secret_access_key = ${CANARY}\n`,
    '[profile a]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\n[profile b]\nsource_profile=a\nrole_arn=x\n',
    '[profile a]\nsso_session = s\n[sso-session s]\nsso_region = us-east-1\n',
    '[profile a]\nrole_arn = r\nsource_profile = constructor\n[__proto__]\na = b\n',
    '[profile a]\ncredential_source = toString\nrole_arn = r\n',
  ];

  it('lead to the section of a profile that exists, or have a fault', async () => {
    const given = fc.tuple(
      mutated(...FILES),
      mutated(...FILES),
      fc.constantFrom('default', 'a', 'constructor'),
    );
    await checkAsync(given, async ([config, credentials, profile]) => {
      writeFileSync(join(folder, 'config'), config);
      writeFileSync(join(folder, 'credentials'), credentials);
      const files = await readAwsFiles();
      const result = followProfile(profile, files);
      if ('end' in result) assert.ok(Object.hasOwn(files.profiles, result.end.profile));
    });
  });

  it('of which a profile does not exist have none with the name of a property of objects', async () => {
    writeFileSync(join(folder, 'config'), FILES[3] ?? '');
    writeFileSync(join(folder, 'credentials'), '');
    for (const profile of ['constructor', '__proto__', 'a']) {
      const result = followProfile(profile, await readAwsFiles());
      assert.match('fault' in result ? result.fault.reason : '', /does not exist|was not found/);
    }
  });

  it('and the output of programs is described without a quote', () => {
    const OUTPUT = `{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "${CANARY}", "Expiration": "2020-01-01T00:00:00Z"}`;
    check(fc.oneof(mutated(OUTPUT), text()), (output) => assertHidden(describeProcessOutput(output)));
    check(mutated(`"/opt/my tool/get" --key ${CANARY}`, 'get'), (command) => {
      assert.doesNotMatch(findProgram(command) ?? 'a', /[=/]/);
    });
  });
});
