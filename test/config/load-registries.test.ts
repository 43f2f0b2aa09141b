import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import { resolveStatic, type RegistryEntry } from '../../src/refresh/registry-entries.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../src/refresh/token-group.js';
import { CANARY, edit, ENV, useConfigFolder } from './config-folder.js';

const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
const HUB = 'arn:aws:iam::111122223333:role/teams/hub';
const SPOKE = 'arn:aws:iam::111122223333:role/spoke';

const PLAIN: RegistryEntry = {
  name: 'r',
  kind: 'private',
  account: '123456789012',
  region: 'us-east-1',
  principal: DEFAULT_PRINCIPAL,
  fips: false,
  dualStack: false,
};

describe('an entry of registries', () => {
  const write = useConfigFolder();

  function load(...entries: string[]): readonly RegistryEntry[] {
    const list = entries.map((entry) => `  - ${entry}\n`).join('');
    const text = `${edit('docker_default', '{id: docker_default, registry: r}')}registries:\n${list}`;
    return loadConfig(write(text), { ...ENV, EXTERNAL_ID: CANARY }).registries;
  }

  const place = 'region: us-east-1, account: "123456789012"';
  const { account: _account, ...ofNoAccount } = PLAIN;

  for (const { settings, expected, host, group } of [
    {
      settings: place,
      expected: PLAIN,
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      group: 'default/us-east-1',
    },
    {
      settings: `${place}, kind: private, fips: false, dualStack: false`,
      expected: PLAIN,
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      group: 'default/us-east-1',
    },
    {
      settings: `${place}, fips: true`,
      expected: { ...PLAIN, fips: true },
      host: '123456789012.dkr.ecr-fips.us-east-1.amazonaws.com',
      group: 'default/us-east-1/fips',
    },
    {
      settings: `${place}, dualStack: true`,
      expected: { ...PLAIN, dualStack: true },
      host: '123456789012.dkr-ecr.us-east-1.on.aws',
      group: 'default/us-east-1/dual-stack',
    },
    {
      settings: `${place}, endpoint: "https://vpce-0.api.ecr.us-east-1.vpce.amazonaws.com/"`,
      expected: { ...PLAIN, endpoint: 'https://vpce-0.api.ecr.us-east-1.vpce.amazonaws.com' },
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      group: 'default/us-east-1/https://vpce-0.api.ecr.us-east-1.vpce.amazonaws.com',
    },
    {
      settings: `${place}, endpoint: "http://127.0.0.1:4566"`,
      expected: { ...PLAIN, endpoint: 'http://127.0.0.1:4566' },
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      group: 'default/us-east-1/http://127.0.0.1:4566',
    },
    // The host looks like a region.
    {
      settings: `${place}, endpoint: "https://ecr-proxy-1.example"`,
      expected: { ...PLAIN, endpoint: 'https://ecr-proxy-1.example' },
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      group: 'default/us-east-1/https://ecr-proxy-1.example',
    },
    {
      settings: `${place}, registryHost: "registry.example:65535"`,
      expected: { ...PLAIN, registryHost: 'registry.example:65535' },
      host: 'registry.example:65535',
      group: 'default/us-east-1',
    },
    {
      settings: 'region: us-east-1, registryHost: registry.example',
      expected: { ...ofNoAccount, registryHost: 'registry.example' },
      host: 'registry.example',
      group: 'default/us-east-1',
    },
    {
      settings: 'kind: public',
      expected: { ...ofNoAccount, kind: 'public' },
      host: 'public.ecr.aws',
      group: 'default/us-east-1/public',
    },
    {
      settings: 'kind: public, region: us-east-1, dualStack: true',
      expected: { ...ofNoAccount, kind: 'public', dualStack: true },
      host: 'ecr-public.aws.com',
      group: 'default/us-east-1/public/dual-stack',
    },
    {
      settings: 'kind: public, endpoint: "https://ecr.example", credentials: {profile: p}',
      expected: {
        ...ofNoAccount,
        kind: 'public',
        endpoint: 'https://ecr.example',
        principal: { kind: 'profile', name: 'profile:p', profile: 'p' },
      },
      host: 'public.ecr.aws',
      group: 'profile:p/us-east-1/public/https://ecr.example',
    },
  ] as const) {
    it(`with ${settings} is ${host}, of ${group}`, () => {
      const [registry, ...more] = load(`{name: r, ${settings}}`);
      assert.deepEqual([registry, more], [expected, []]);
      const resolved = resolveStatic(registry ?? PLAIN);
      assert.deepEqual([resolved?.host, resolved?.group.name], [host, group]);
    });
  }

  for (const { region, suffix } of [
    { region: 'eu-west-1', suffix: 'amazonaws.com' },
    { region: 'us-gov-west-1', suffix: 'amazonaws.com' },
    { region: 'cn-north-1', suffix: 'amazonaws.com.cn' },
    { region: 'eusc-de-east-1', suffix: 'amazonaws.eu' },
    { region: 'us-isob-east-1', suffix: 'sc2s.sgov.gov' },
  ] as const) {
    it(`has the host of its partition in ${region}`, () => {
      const [registry] = load(`{name: r, region: ${region}, account: "123456789012"}`);
      assert.deepEqual(registry, { ...PLAIN, region });
      assert.equal(resolveStatic(registry ?? PLAIN)?.host, `123456789012.dkr.ecr.${region}.${suffix}`);
    });
  }

  it('has no host yet when account or region is an Airflow Variable', () => {
    const [registry] = load(
      '{name: r, region: us-east-1, account: {airflowVariable: ecr_aws_account, airflow: main}}',
    );
    assert.deepEqual(registry, { ...PLAIN, account: { airflow: 'main', key: 'ecr_aws_account' } });
    assert.equal(resolveStatic(registry ?? PLAIN), undefined);
  });

  describe('credentials', () => {
    const loadPrincipal = (credentials: string): Principal | undefined =>
      load(`{name: r, ${place}, credentials: ${credentials}}`)[0]?.principal;
    const role = { kind: 'role', roleArn: ROLE, via: [], sessionName: 'airflow-ecr-refresh' } as const;

    it('with a profile has this profile as principal', () =>
      assert.deepEqual(loadPrincipal('{profile: production}'), {
        kind: 'profile',
        name: 'profile:production',
        profile: 'production',
      }));

    it('with only a role names the principal after the role', () =>
      assert.deepEqual(loadPrincipal(`{roleArn: "${ROLE}"}`), { ...role, name: ROLE }));

    for (const { credentials, expected } of [
      { credentials: 'externalId: data-platform', expected: { externalId: 'data-platform' } },
      { credentials: 'externalId: {env: EXTERNAL_ID}', expected: { externalId: CANARY } },
      { credentials: 'sessionName: other', expected: { sessionName: 'other' } },
      { credentials: 'sessionDuration: 15m', expected: { sessionSeconds: 900 } },
      { credentials: 'sessionDuration: 12h', expected: { sessionSeconds: 43_200 } },
      { credentials: `via: ["${HUB}"]`, expected: { via: [HUB] } },
      {
        credentials: `via: ["${HUB}", "${SPOKE}"], externalId: "a+=,.@:/-", sessionName: "a+=,.@-", sessionDuration: 1h`,
        expected: {
          via: [HUB, SPOKE],
          externalId: 'a+=,.@:/-',
          sessionName: 'a+=,.@-',
          sessionSeconds: 3600,
        },
      },
    ] as const) {
      it(`with a role and ${credentials} has a different name without the external id`, () => {
        const principal = loadPrincipal(`{roleArn: "${ROLE}", ${credentials}}`);
        const { name, ...rest } = principal ?? DEFAULT_PRINCIPAL;
        assert.deepEqual(rest, { ...role, ...expected });
        assert.match(name, /^arn:aws:iam::123456789012:role\/ecr-pull#[0-9a-f]{6}$/);
      });
    }

    it('with a role has a different name for different settings, and the same name for the same settings', () => {
      const forms = [
        '',
        ', externalId: aa',
        ', externalId: bb',
        ', sessionName: other',
        ', sessionDuration: 1h',
        ', sessionDuration: 2h',
        `, via: ["${HUB}"]`,
        `, via: ["${SPOKE}"]`,
        `, via: ["${HUB}", "${SPOKE}"]`,
        `, via: ["${SPOKE}", "${HUB}"]`,
      ];
      const names = forms.map((form) => loadPrincipal(`{roleArn: "${ROLE}"${form}}`)?.name);
      assert.equal(new Set(names).size, forms.length);
      assert.equal(
        loadPrincipal(`{externalId: aa, sessionName: airflow-ecr-refresh, roleArn: "${ROLE}"}`)?.name,
        names[1],
      );
    });

    it('with a web identity finds a file relative to the folder of the configuration', () => {
      const path = write(CANARY, 'secrets/token');
      const principal = loadPrincipal(`{roleArn: "${ROLE}", webIdentityTokenFile: secrets/token}`);
      const { name, ...rest } = principal ?? DEFAULT_PRINCIPAL;
      assert.deepEqual(rest, {
        kind: 'web-identity',
        roleArn: ROLE,
        tokenFile: join(dirname(path), 'token'),
        sessionName: 'airflow-ecr-refresh',
      });
      assert.match(name, /^arn:aws:iam::123456789012:role\/ecr-pull#[0-9a-f]{6}$/);
    });

    it('with a web identity accepts an absolute path and a session name', () => {
      const tokenFile = write(CANARY, 'token');
      const credentials = `{roleArn: "${ROLE}", webIdentityTokenFile: "${tokenFile}", sessionName: other}`;
      const principal = loadPrincipal(credentials);
      assert.ok(principal?.kind === 'web-identity');
      assert.deepEqual([principal.tokenFile, principal.sessionName], [tokenFile, 'other']);
      const other = loadPrincipal(credentials.replace('other', 'another'));
      assert.notEqual(other?.name, principal.name);
    });
  });

  it('can be for the same registry as another one with different credentials', () => {
    const registries = load(
      `{name: r, ${place}}`,
      `{name: b, ${place}, credentials: {profile: b}}`,
      `{name: c, ${place}, credentials: {roleArn: "${ROLE}"}}`,
    );
    assert.deepEqual(
      registries.map((registry) => {
        const resolved = resolveStatic(registry);
        return [resolved?.name, resolved?.host, resolved?.group.name];
      }),
      [
        ['r', '123456789012.dkr.ecr.us-east-1.amazonaws.com', 'default/us-east-1'],
        ['b', '123456789012.dkr.ecr.us-east-1.amazonaws.com', 'profile:b/us-east-1'],
        ['c', '123456789012.dkr.ecr.us-east-1.amazonaws.com', `${ROLE}/us-east-1`],
      ],
    );
  });
});
