import assert from 'node:assert/strict';
import {
  findTokenGroup,
  isRegistryHost,
  findRegistriesByHost,
  resolveStatic,
  resolveRegistry,
  type ResolvedRegistry,
  type RegistryEntry,
} from '../../src/refresh/registry-entries.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../src/refresh/token-group.js';

const ACCOUNT = '123456789012';
const STANDARD = `${ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com`;
const FIPS = `${ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com`;
const DUAL_STACK = `${ACCOUNT}.dkr-ecr.us-east-1.on.aws`;
const FIPS_DUAL_STACK = `${ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws`;
const ENDPOINT = 'https://vpce-0.api.ecr.us-east-1.vpce.amazonaws.com';
const PROFILE: Principal = { kind: 'profile', name: 'profile:b', profile: 'b' };

function settings(changes: Partial<RegistryEntry> = {}): RegistryEntry {
  return {
    name: 'r',
    kind: 'private',
    account: ACCOUNT,
    region: 'us-east-1',
    principal: DEFAULT_PRINCIPAL,
    fips: false,
    dualStack: false,
    ...changes,
  };
}

function named(changes: Partial<RegistryEntry> = {}): ResolvedRegistry {
  const registry = resolveStatic(settings(changes));
  assert.ok(registry);
  return registry;
}

const publicRegistry = (changes: Partial<RegistryEntry> = {}): ResolvedRegistry => {
  const { account: _account, ...rest } = settings({ name: 'public', kind: 'public' });
  const registry = resolveStatic({ ...rest, ...changes });
  assert.ok(registry);
  return registry;
};

describe('resolveRegistry', () => {
  for (const { changes, host, group } of [
    { changes: {}, host: STANDARD, group: 'default/us-east-1' },
    { changes: { fips: true }, host: FIPS, group: 'default/us-east-1/fips' },
    { changes: { dualStack: true }, host: DUAL_STACK, group: 'default/us-east-1/dual-stack' },
    {
      changes: { fips: true, dualStack: true },
      host: FIPS_DUAL_STACK,
      group: 'default/us-east-1/fips/dual-stack',
    },
    { changes: { endpoint: ENDPOINT }, host: STANDARD, group: `default/us-east-1/${ENDPOINT}` },
    { changes: { principal: PROFILE }, host: STANDARD, group: 'profile:b/us-east-1' },
    { changes: { registryHost: '127.0.0.1:5000' }, host: '127.0.0.1:5000', group: 'default/us-east-1' },
    { changes: { kind: 'public' }, host: 'public.ecr.aws', group: 'default/us-east-1/public' },
    {
      changes: { kind: 'public', dualStack: true },
      host: 'ecr-public.aws.com',
      group: 'default/us-east-1/public/dual-stack',
    },
  ] as const) {
    it(`has host ${host} and group ${group} for ${JSON.stringify(changes)}`, () => {
      const registry = resolveRegistry(settings(changes), ACCOUNT, 'us-east-1');
      assert.deepEqual([registry.name, registry.host, registry.group.name], ['r', host, group]);
      assert.equal(registry.ecr?.host, 'registryHost' in changes ? undefined : host);
      const { name: _name, kind, registryHost: _host, principal, ...given }: Partial<RegistryEntry> = changes;
      assert.equal(registry.group.principal, principal ?? DEFAULT_PRINCIPAL);
      assert.deepEqual(registry.group.api, {
        service: kind === 'public' ? 'ecr-public' : 'ecr',
        fips: false,
        dualStack: false,
        ...given,
      });
    });
  }

  it('uses the account and region from an Airflow Variable', () => {
    const variable = { airflow: 'main', key: 'k' };
    const registry = resolveRegistry(
      settings({ account: variable, region: variable }),
      '999999999999',
      'cn-north-1',
    );
    assert.equal(registry.host, '999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn');
    assert.equal(registry.group.name, 'default/cn-north-1');
  });
});

describe('resolveStatic', () => {
  it('needs no account for a registry with a custom host', () => {
    const account = { airflow: 'main', key: 'k' };
    const registry = resolveStatic(settings({ account, registryHost: 'r.example' }));
    assert.deepEqual([registry?.host, registry?.group.region], ['r.example', 'us-east-1']);
  });

  for (const { title, changes } of [
    { title: 'account', changes: { account: { airflow: 'main', key: 'k' } } },
    { title: 'region', changes: { region: { airflow: 'main', key: 'k' } } },
  ] as const) {
    it(`is undefined until the ${title} is read from Airflow`, () =>
      assert.equal(resolveStatic(settings(changes)), undefined));
  }

  it('equals the result of resolveRegistry for an entry with account and region', () =>
    assert.deepEqual(resolveStatic(settings()), resolveRegistry(settings(), ACCOUNT, 'us-east-1')));
});

describe('isRegistryHost', () => {
  const forms = [STANDARD, FIPS, DUAL_STACK, FIPS_DUAL_STACK];
  for (const { title, registry, hosts } of [
    { title: 'without a host', registry: named(), hosts: forms },
    { title: 'with dualStack', registry: named({ dualStack: true }), hosts: forms },
    { title: 'with an endpoint', registry: named({ endpoint: ENDPOINT }), hosts: forms },
    { title: 'with fips', registry: named({ fips: true }), hosts: [FIPS, FIPS_DUAL_STACK] },
    {
      title: 'with fips and dualStack',
      registry: named({ fips: true, dualStack: true }),
      hosts: [FIPS, FIPS_DUAL_STACK],
    },
    {
      title: 'with a custom host',
      registry: named({ registryHost: '127.0.0.1:5000' }),
      hosts: ['127.0.0.1:5000'],
    },
    { title: 'of ECR Public', registry: publicRegistry(), hosts: ['public.ecr.aws', 'ecr-public.aws.com'] },
    {
      title: 'of ECR Public with dualStack',
      registry: publicRegistry({ dualStack: true }),
      hosts: ['public.ecr.aws', 'ecr-public.aws.com'],
    },
  ] as const) {
    it(`accepts exactly ${hosts.join(', ')} for an entry ${title}`, () => {
      const candidates = [
        ...forms,
        'public.ecr.aws',
        'ecr-public.aws.com',
        '127.0.0.1:5000',
        '127.0.0.1:5001',
        '127.0.0.1',
        STANDARD.replace('1', '2'),
        STANDARD.replace('us-east-1', 'us-east-2'),
        `${STANDARD}:443`,
        `${STANDARD}.evil.com`,
        `evil.com/${STANDARD}`,
        '',
      ];
      assert.deepEqual(
        candidates.filter((host) => isRegistryHost(registry, host)),
        hosts,
      );
    });
  }

  it('accepts a host with a scheme, a path or upper-case letters', () => {
    for (const host of [`https://${STANDARD}/`, STANDARD.toUpperCase(), `http://${DUAL_STACK}/team`]) {
      assert.equal(isRegistryHost(named(), host), true, host);
    }
  });
});

describe('findRegistriesByHost', () => {
  const plain = named({ name: 'plain' });
  const dual = named({ name: 'dual', dualStack: true });
  const fips = named({ name: 'fips', fips: true });
  const profile = named({ name: 'profile', principal: PROFILE });
  const other = named({ name: 'other', region: 'eu-west-1' });
  const own = named({ name: 'own', registryHost: 'r.example' });
  const all = [other, dual, fips, plain, own, publicRegistry()];
  const findNames = (registries: readonly ResolvedRegistry[], host: string): string[] =>
    findRegistriesByHost(registries, host).map(({ name }) => name);

  for (const { host, names } of [
    { host: STANDARD, names: ['plain'] },
    { host: `https://${STANDARD}/`, names: ['plain'] },
    { host: DUAL_STACK, names: ['dual'] },
    { host: FIPS, names: ['fips'] },
    // No entry has exactly this host.
    { host: FIPS_DUAL_STACK, names: ['dual', 'fips', 'plain'] },
    { host: 'r.example', names: ['own'] },
    { host: 'R.Example/', names: ['own'] },
    { host: 'public.ecr.aws', names: ['public'] },
    { host: 'ecr-public.aws.com', names: ['public'] },
    { host: 'r.example:443', names: [] },
    { host: 'quay.io', names: [] },
    { host: '', names: [] },
  ] as const) {
    it(`finds ${names.join(', ') || 'no entry'} for ${JSON.stringify(host)}`, () =>
      assert.deepEqual(findNames(all, host), names));
  }

  it('finds both entries with exactly this host', () =>
    assert.deepEqual(findNames([plain, profile, dual], STANDARD), ['plain', 'profile']));

  it('finds an entry by another form of its host, but not an entry with fips', () => {
    assert.deepEqual(findNames([plain], DUAL_STACK), ['plain']);
    assert.deepEqual(findNames([fips], DUAL_STACK), []);
  });
});

describe('findTokenGroup', () => {
  for (const { host, group } of [
    { host: STANDARD, group: 'default/us-east-1' },
    { host: DUAL_STACK, group: 'default/us-east-1' },
    { host: FIPS, group: 'default/us-east-1/fips' },
    { host: FIPS_DUAL_STACK, group: 'default/us-east-1/fips' },
    { host: `${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`, group: 'default/cn-north-1' },
    { host: 'public.ecr.aws', group: 'default/us-east-1/public' },
    { host: 'ecr-public.aws.com', group: 'default/us-east-1/public' },
    { host: 'quay.io', group: undefined },
    { host: `${STANDARD}.evil.com`, group: undefined },
    { host: '', group: undefined },
  ] as const) {
    it(`is ${group ?? 'undefined'} for ${JSON.stringify(host)} without an entry`, () => {
      const found = findTokenGroup(host);
      assert.equal(found?.name, group);
      if (!found) return;
      assert.equal(found.principal, DEFAULT_PRINCIPAL);
      const [service, fips] = [host.includes('public') ? 'ecr-public' : 'ecr', host.includes('fips')];
      assert.deepEqual(found.api, { service, fips, dualStack: false });
    });
  }

  for (const { title, registry, host, group } of [
    {
      title: 'the standard host',
      registry: named({ principal: PROFILE }),
      host: STANDARD,
      group: 'profile:b/us-east-1',
    },
    {
      title: 'a dual-stack host',
      registry: named({ principal: PROFILE }),
      host: DUAL_STACK,
      group: 'profile:b/us-east-1',
    },
    {
      title: 'a FIPS host',
      registry: named({ principal: PROFILE }),
      host: FIPS,
      group: 'profile:b/us-east-1/fips',
    },
    {
      title: 'a FIPS host, with dualStack',
      registry: named({ dualStack: true }),
      host: FIPS,
      group: 'default/us-east-1/fips/dual-stack',
    },
    {
      title: 'a FIPS host, with fips',
      registry: named({ fips: true }),
      host: FIPS_DUAL_STACK,
      group: 'default/us-east-1/fips',
    },
    {
      title: 'a FIPS host, with an endpoint',
      registry: named({ endpoint: ENDPOINT }),
      host: FIPS,
      group: `default/us-east-1/${ENDPOINT}`,
    },
    {
      title: 'a custom host',
      registry: named({ registryHost: 'r.example', region: 'eu-west-1' }),
      host: 'r.example',
      group: 'default/eu-west-1',
    },
    {
      title: 'the dual-stack host of ECR Public',
      registry: publicRegistry(),
      host: 'ecr-public.aws.com',
      group: 'default/us-east-1/public',
    },
  ] as const) {
    it(`is ${group} for an entry and ${title}`, () =>
      assert.equal(findTokenGroup(host, registry)?.name, group));
  }
});
