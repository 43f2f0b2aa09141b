import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listProblems, read, SECRET, useSettingsFolder } from './settings-folder.js';

describe('temporal.toml', () => {
  const write = useSettingsFolder();

  function writeToml(text: string): { TEMPORAL_CONFIG_FILE: string } {
    return { TEMPORAL_CONFIG_FILE: write('temporal.toml', text) };
  }

  it('contains the settings of the profile `default`', () => {
    const env = writeToml(`
      [profile.default]
      address = "temporal.example.com:7233"
      namespace = "prod"
      api_key = "${SECRET}"
      [profile.default.tls]
      server_name = "frontend.example.com"
      [profile.default.grpc_meta]
      X_My_Team = "data"
      [profile.other]
      address = 1
    `);
    const settings = read(env);
    assert.equal(settings.address, 'temporal.example.com:7233');
    assert.equal(settings.addressSetting, `${env.TEMPORAL_CONFIG_FILE} profile.default.address`);
    assert.equal(settings.namespace, 'prod');
    assert.equal(settings.apiKey, SECRET);
    assert.equal(settings.tls?.serverName, 'frontend.example.com');
    assert.deepEqual(settings.metadata, { 'x-my-team': 'data' });
    assert.deepEqual(settings.warnings, []);
  });

  it('contains the settings of the profile that TEMPORAL_PROFILE names', () => {
    const env = writeToml('[profile.default]\nnamespace = "a"\n[profile."my prod"]\nnamespace = "b"\n');
    assert.equal(read(env).namespace, 'a');
    assert.equal(read({ ...env, TEMPORAL_PROFILE: 'my prod' }).namespace, 'b');
  });

  it('is overridden by variables, except by empty ones', () => {
    const env = writeToml(`
      [profile.default]
      address = "a:1"
      namespace = "a"
      grpc_meta = { x_team = "a", x-zone = "a" }
      tls = { disabled = true }
    `);
    const settings = read({
      ...env,
      TEMPORAL_ADDRESS: 'b:2',
      TEMPORAL_NAMESPACE: '',
      TEMPORAL_TLS: 'true',
      TEMPORAL_GRPC_META_X_TEAM: 'b',
      TEMPORAL_GRPC_META_X_ZONE: '',
    });
    assert.equal(settings.address, 'b:2');
    assert.equal(settings.namespace, 'a');
    assert.ok(settings.tls);
    assert.deepEqual(settings.metadata, { 'x-team': 'b' });
  });

  it('turns TLS on with a table `tls`, even an empty one, unless it is disabled', () => {
    assert.ok(read(writeToml('[profile.default.tls]\n')).tls);
    assert.ok(read(writeToml('[profile.default.tls]\ndisabled = false\n')).tls);
    assert.equal(read(writeToml('[profile.default.tls]\ndisabled = true\n')).tls, undefined);
  });

  it('is found in the configuration folder of the user', function () {
    if (process.platform !== 'linux') this.skip();
    const home = dirname(write('x', ''));
    const folder = join(home, '.config/temporalio');
    mkdirSync(folder, { recursive: true });
    write('.config/temporalio/temporal.toml', '[profile.default]\nnamespace = "home"\n');
    assert.equal(read({ HOME: home }).namespace, 'home');
    assert.equal(read({ XDG_CONFIG_HOME: join(home, '.config') }).namespace, 'home');
    assert.equal(read({ HOME: home, XDG_CONFIG_HOME: '.config' }).namespace, 'default');
    assert.equal(read({ HOME: home, TEMPORAL_CONFIG_FILE: '/dev/null' }).namespace, 'default');
    assert.equal(read({ HOME: '/dev/null' }).namespace, 'default');
    write('.config/temporalio/temporal.toml', '[');
    assert.deepEqual(listProblems({ HOME: home }), [
      `${join(folder, 'temporal.toml')}: is not valid TOML (line 1, column 2)`,
    ]);
  });

  it('is rejected if TEMPORAL_CONFIG_FILE does not name a readable file', () => {
    const path = write('x', '');
    for (const { file, message } of [
      { file: `${path}/${SECRET}`, message: 'names a path that does not exist' },
      { file: `${path}\n`, message: 'names a path that does not exist: its path ends with a line break' },
      { file: dirname(path), message: 'names a path that is a folder' },
      { file: '/dev/zero', message: 'names a path that is not a regular file' },
    ]) {
      assert.deepEqual(listProblems({ TEMPORAL_CONFIG_FILE: file }), [`TEMPORAL_CONFIG_FILE: ${message}`]);
    }
  });

  it('is rejected if every user may change it', () => {
    const path = write('temporal.toml', '');
    chmodSync(path, 0o666);
    assert.deepEqual(listProblems({ TEMPORAL_CONFIG_FILE: path }), [
      'TEMPORAL_CONFIG_FILE: names a path that is world-writable: any user of this machine could change it',
    ]);
  });

  for (const { title, text, problems } of [
    {
      title: 'is not TOML',
      text: `[profile.default]\napi_key = "${SECRET}`,
      problems: ['PATH: is not valid TOML (line 2, column 11)'],
    },
    {
      title: 'has values of the wrong type',
      text: `
        [profile.default]
        address = 7233
        namespace = true
        api_key = ["${SECRET}"]
        [profile.default.tls]
        disabled = "${SECRET}"
        server_name = 2030-01-01
        [profile.default.grpc_meta]
        x-team = 1
      `,
      problems: [
        'PATH profile.default.address: is not text',
        'PATH profile.default.namespace: is not text',
        'PATH profile.default.api_key: is not text',
        'PATH profile.default.tls.server_name: is not text',
        'PATH profile.default.tls.disabled: is neither true nor false',
        'PATH profile.default.grpc_meta.x-team: is not text',
      ],
    },
    {
      title: 'has values instead of tables',
      text: `[profile.default]\ntls = "${SECRET}"\ngrpc_meta = []\n`,
      problems: [
        'PATH profile.default.tls: is not a table',
        'PATH profile.default.grpc_meta: is not a table',
      ],
    },
    {
      title: 'has a profile that is not a table',
      text: 'profile.default = 1',
      problems: ['PATH profile.default: is not a table'],
    },
    {
      title: 'has profiles that are not a table',
      text: 'profile = 1',
      problems: ['PATH profile: is not a table'],
    },
    {
      title: 'has the same header twice',
      text: '[profile.default.grpc_meta]\nx_team = "a"\nx-team = "b"\n',
      problems: [
        'PATH profile.default.grpc_meta.x-team: is the same header as PATH profile.default.grpc_meta.x_team',
      ],
    },
    {
      title: 'has an invalid address',
      text: '[profile.default]\naddress = "https://x"\n',
      problems: ['PATH profile.default.address: has a scheme, such as https://'],
    },
  ]) {
    it(`is rejected if it ${title}`, () => {
      const env = writeToml(text);
      assert.deepEqual(
        listProblems(env).map((problem) => problem.replaceAll(env.TEMPORAL_CONFIG_FILE, 'PATH')),
        problems,
      );
    });
  }

  it('is rejected if it does not contain the profile that TEMPORAL_PROFILE names', () => {
    const env = writeToml('[profile.prod]\nnamespace = "a"\n');
    assert.deepEqual(listProblems(env), []);
    for (const name of ['default', 'constructor', SECRET]) {
      assert.deepEqual(listProblems({ ...env, TEMPORAL_PROFILE: name }), [
        `TEMPORAL_PROFILE: names a profile that does not exist in ${env.TEMPORAL_CONFIG_FILE}`,
      ]);
    }
    assert.deepEqual(listProblems({ TEMPORAL_PROFILE: 'prod' }), [
      'TEMPORAL_PROFILE: names a profile, but there is no temporal.toml',
    ]);
  });

  it('causes a warning for each key without effect', () => {
    const env = writeToml(`
      profiles = 1
      [profile.default]
      adress = "a:1"
      codec = { endpoint = "https://codec.example.com" }
      "\\u001b[31m" = 1
      [profile.default.tls]
      server_names = "a"
      disable_host_verification = true
      [profile.other]
      adress = "a:1"
    `);
    const path = env.TEMPORAL_CONFIG_FILE;
    const NOT_A_SETTING = 'is not a known setting, and has no effect';
    assert.deepEqual(
      read(env).warnings.map(({ setting, message, remedy }) => [
        setting.replace(`${path} `, ''),
        message,
        remedy,
      ]),
      [
        ['profiles', NOT_A_SETTING, 'Use `profile` if that is what you mean.'],
        ['profile.default.adress', NOT_A_SETTING, 'Use `address` if that is what you mean.'],
        [
          'profile.default.codec',
          'has no effect here: payloads contain no secret and are not encoded',
          'Remove it.',
        ],
        ['profile.default."\\u001b[31m"', NOT_A_SETTING, 'Remove it.'],
        ['profile.default.tls.server_names', NOT_A_SETTING, 'Use `server_name` if that is what you mean.'],
        [
          'profile.default.tls.disable_host_verification',
          'has no effect here: the certificate of the server is always verified',
          'Set TEMPORAL_TLS_SERVER_NAME to the name in the certificate, or TEMPORAL_TLS_SERVER_CA_CERT_PATH to its CA.',
        ],
      ],
    );
  });
});
