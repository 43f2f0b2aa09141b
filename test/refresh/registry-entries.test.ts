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
  for (const [changes, host, group] of [
    [{}, STANDARD, 'default/us-east-1'],
    [{ fips: true }, FIPS, 'default/us-east-1/fips'],
    [{ dualStack: true }, DUAL_STACK, 'default/us-east-1/dual-stack'],
    [{ fips: true, dualStack: true }, FIPS_DUAL_STACK, 'default/us-east-1/fips/dual-stack'],
    [{ endpoint: ENDPOINT }, STANDARD, `default/us-east-1/${ENDPOINT}`],
    [{ principal: PROFILE }, STANDARD, 'profile:b/us-east-1'],
    [{ registryHost: '127.0.0.1:5000' }, '127.0.0.1:5000', 'default/us-east-1'],
    [{ kind: 'public' }, 'public.ecr.aws', 'default/us-east-1/public'],
    [{ kind: 'public', dualStack: true }, 'ecr-public.aws.com', 'default/us-east-1/public/dual-stack'],
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

  it('goes by the account and region that an Airflow Variable gave', () => {
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
  it('needs no account where a registry has a host of its own', () => {
    const account = { airflow: 'main', key: 'k' };
    const registry = resolveStatic(settings({ account, registryHost: 'r.example' }));
    assert.deepEqual([registry?.host, registry?.group.region], ['r.example', 'us-east-1']);
  });

  for (const [what, changes] of [
    ['account', { account: { airflow: 'main', key: 'k' } }],
    ['region', { region: { airflow: 'main', key: 'k' } }],
  ] as const) {
    it(`knows nothing before the ${what} is read from Airflow`, () =>
      assert.equal(resolveStatic(settings(changes)), undefined));
  }

  it('is what resolveRegistry makes of an entry with account and region', () =>
    assert.deepEqual(resolveStatic(settings()), resolveRegistry(settings(), ACCOUNT, 'us-east-1')));
});

describe('isRegistryHost', () => {
  const forms = [STANDARD, FIPS, DUAL_STACK, FIPS_DUAL_STACK];
  for (const [what, registry, hosts] of [
    ['without a host', named(), forms],
    ['with dualStack', named({ dualStack: true }), forms],
    ['with an endpoint', named({ endpoint: ENDPOINT }), forms],
    ['with fips', named({ fips: true }), [FIPS, FIPS_DUAL_STACK]],
    ['with fips and dualStack', named({ fips: true, dualStack: true }), [FIPS, FIPS_DUAL_STACK]],
    ['with a host of its own', named({ registryHost: '127.0.0.1:5000' }), ['127.0.0.1:5000']],
    ['of ECR Public', publicRegistry(), ['public.ecr.aws', 'ecr-public.aws.com']],
    [
      'of ECR Public with dualStack',
      publicRegistry({ dualStack: true }),
      ['public.ecr.aws', 'ecr-public.aws.com'],
    ],
  ] as const) {
    it(`gives an entry ${what} exactly ${hosts.join(', ')}`, () => {
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

  it('reads a host as people write it', () => {
    for (const host of [`https://${STANDARD}/`, ` ${STANDARD.toUpperCase()} `, `http://${DUAL_STACK}/team`]) {
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
  const namesOf = (registries: readonly ResolvedRegistry[], host: string): string[] =>
    findRegistriesByHost(registries, host).map(({ name }) => name);

  for (const [host, names] of [
    [STANDARD, ['plain']],
    [`https://${STANDARD}/`, ['plain']],
    [DUAL_STACK, ['dual']],
    [FIPS, ['fips']],
    // No entry has it for its own.
    [FIPS_DUAL_STACK, ['dual', 'fips', 'plain']],
    ['r.example', ['own']],
    ['R.Example/', ['own']],
    ['public.ecr.aws', ['public']],
    ['ecr-public.aws.com', ['public']],
    ['r.example:443', []],
    ['quay.io', []],
    ['', []],
  ] as const) {
    it(`gives ${JSON.stringify(host)} to ${names.join(', ') || 'none'}`, () =>
      assert.deepEqual(namesOf(all, host), names));
  }

  it('gives a host to both entries that have it for their own', () =>
    assert.deepEqual(namesOf([plain, profile, dual], STANDARD), ['plain', 'profile']));

  it('gives another form to an entry alone, but not to one that insists on FIPS', () => {
    assert.deepEqual(namesOf([plain], DUAL_STACK), ['plain']);
    assert.deepEqual(namesOf([fips], DUAL_STACK), []);
  });
});

describe('findTokenGroup', () => {
  for (const [host, group] of [
    [STANDARD, 'default/us-east-1'],
    [DUAL_STACK, 'default/us-east-1'],
    [FIPS, 'default/us-east-1/fips'],
    [FIPS_DUAL_STACK, 'default/us-east-1/fips'],
    [`${ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn`, 'default/cn-north-1'],
    ['public.ecr.aws', 'default/us-east-1/public'],
    ['ecr-public.aws.com', 'default/us-east-1/public'],
    ['quay.io', undefined],
    [`${STANDARD}.evil.com`, undefined],
    ['', undefined],
  ] as const) {
    it(`is ${group ?? 'none'} for ${JSON.stringify(host)} by the host alone`, () => {
      const found = findTokenGroup(host);
      assert.equal(found?.name, group);
      if (!found) return;
      assert.equal(found.principal, DEFAULT_PRINCIPAL);
      const [service, fips] = [host.includes('public') ? 'ecr-public' : 'ecr', host.includes('fips')];
      assert.deepEqual(found.api, { service, fips, dualStack: false });
    });
  }

  for (const [what, registry, host, group] of [
    ['its usual host', named({ principal: PROFILE }), STANDARD, 'profile:b/us-east-1'],
    ['a dual-stack host', named({ principal: PROFILE }), DUAL_STACK, 'profile:b/us-east-1'],
    ['a FIPS host', named({ principal: PROFILE }), FIPS, 'profile:b/us-east-1/fips'],
    ['a FIPS host, with dualStack', named({ dualStack: true }), FIPS, 'default/us-east-1/fips/dual-stack'],
    ['a FIPS host, with fips', named({ fips: true }), FIPS_DUAL_STACK, 'default/us-east-1/fips'],
    ['a FIPS host, with an endpoint', named({ endpoint: ENDPOINT }), FIPS, `default/us-east-1/${ENDPOINT}`],
    [
      'a host of its own',
      named({ registryHost: 'r.example', region: 'eu-west-1' }),
      'r.example',
      'default/eu-west-1',
    ],
    ['its dual-stack host', publicRegistry(), 'ecr-public.aws.com', 'default/us-east-1/public'],
  ] as const) {
    it(`is ${group} for ${what} of an entry`, () =>
      assert.equal(findTokenGroup(host, registry)?.name, group));
  }
});
