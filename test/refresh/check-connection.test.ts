import assert from 'node:assert/strict';
import {
  checkConnection,
  type ConnectionCheck,
  type ConnectionRecord,
} from '../../src/refresh/check-connection.js';
import type { FailureType } from '../../src/refresh/failures.js';
import {
  resolveRegistry,
  type ResolvedRegistry,
  type RegistryEntry,
} from '../../src/refresh/registry-entries.js';
import { DEFAULT_PRINCIPAL, tokenGroup, type TokenGroup } from '../../src/refresh/token-group.js';
import { dockerConnection, namedRegistry } from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';

const FIPS_REGISTRY = REGISTRY.replace('ecr', 'ecr-fips');
const USUAL = { service: 'ecr', fips: false, dualStack: false } as const;
const GROUP: TokenGroup = tokenGroup(DEFAULT_PRINCIPAL, 'us-east-1', USUAL);

function named(name: string, changes: Partial<RegistryEntry>): ResolvedRegistry {
  const settings = namedRegistry({ name, ...changes });
  return resolveRegistry(settings, '123456789012', String(settings.region));
}

const NAMED = named('local', { registryHost: 'localhost:5000', region: 'eu-west-1' });

function judge(changes: Partial<ConnectionRecord>): ConnectionCheck {
  return checkConnection(dockerConnection(changes));
}

function refusal(changes: Partial<ConnectionRecord>): { type: FailureType; message: string } {
  const judgement = judge(changes);
  assert.ok(!judgement.writable, 'it is writable');
  return judgement;
}

describe('checkConnection', () => {
  it('accepts a docker connection of AWS to an ECR host', () =>
    assert.deepEqual(judge({}), { writable: true, registry: REGISTRY, group: GROUP }));

  for (const host of [
    `https://${REGISTRY}`,
    `http://${REGISTRY}`,
    `${REGISTRY}/`,
    `https://${REGISTRY}/team`,
  ]) {
    it(`accepts the host ${host} without a warning`, () =>
      assert.deepEqual(judge({ host }), { writable: true, registry: REGISTRY, group: GROUP }));
  }

  it('accepts a host with capital letters, and warns that Docker pulls without credentials', () => {
    const judgement = judge({ host: REGISTRY.toUpperCase() });
    assert.ok(judgement.writable);
    assert.equal(judgement.registry, REGISTRY);
    assert.match(judgement.warning ?? '', /capital letters.*write it in lower case/);
  });

  it('does not warn of a scheme in capital letters, which Docker does not mind', () => {
    const judgement = judge({ host: `HTTPS://${REGISTRY}` });
    assert.deepEqual(judgement, { writable: true, registry: REGISTRY, group: GROUP });
  });

  for (const { host, registry, name } of [
    { host: REGISTRY, registry: REGISTRY, name: 'default/us-east-1' },
    { host: FIPS_REGISTRY, registry: FIPS_REGISTRY, name: 'default/us-east-1/fips' },
    {
      host: '123456789012.dkr-ecr.us-east-1.on.aws',
      registry: '123456789012.dkr-ecr.us-east-1.on.aws',
      name: 'default/us-east-1',
    },
    { host: 'public.ecr.aws', registry: 'public.ecr.aws', name: 'default/us-east-1/public' },
    { host: 'https://ecr-public.aws.com/', registry: 'ecr-public.aws.com', name: 'default/us-east-1/public' },
  ] as const) {
    it(`gives the host ${host} a token of ${name}`, () => {
      const judgement = judge({ host });
      assert.ok(judgement.writable);
      assert.deepEqual([judgement.registry, judgement.group.name], [registry, name]);
    });
  }

  it('does not take a registry that only the configuration knows without being told', () =>
    assert.equal(refusal({ host: 'localhost:5000' }).type, 'ConnectionRegistryUnknown'));

  for (const { title, changes, type, shown } of [
    { title: 'another type', changes: { type: 'http' }, type: 'ConnectionTypeMismatch', shown: '"http"' },
    {
      title: 'a type in capital letters',
      changes: { type: 'Docker' },
      type: 'ConnectionTypeMismatch',
      shown: '"Docker"',
    },
    { title: 'no host', changes: { host: null }, type: 'ConnectionRegistryUnknown', shown: '(empty)' },
    { title: 'an empty host', changes: { host: '' }, type: 'ConnectionRegistryUnknown', shown: '""' },
    {
      title: 'a host that is no registry',
      changes: { host: 'quay.io' },
      type: 'ConnectionRegistryUnknown',
      shown: '"quay.io"',
    },
    {
      title: 'a host that only looks like ECR',
      changes: { host: `${REGISTRY}.evil.com` },
      type: 'ConnectionRegistryUnknown',
      shown: 'evil',
    },
    {
      title: 'an ECR host with a port in it',
      changes: { host: `${REGISTRY}:443` },
      type: 'ConnectionRegistryUnknown',
      shown: ':443',
    },
    { title: 'a port', changes: { port: 443 }, type: 'ConnectionPortSet', shown: '443' },
    { title: 'port 0', changes: { port: 0 }, type: 'ConnectionPortSet', shown: '0' },
    { title: 'no login', changes: { login: null }, type: 'ConnectionLoginMismatch', shown: '(empty)' },
    { title: 'an empty login', changes: { login: '' }, type: 'ConnectionLoginMismatch', shown: '""' },
    {
      title: 'a login in small letters',
      changes: { login: 'aws' },
      type: 'ConnectionLoginMismatch',
      shown: '"aws"',
    },
  ] as const) {
    it(`refuses ${title} as ${type}`, () => {
      const { type: given, message } = refusal(changes);
      assert.equal(given, type);
      assert.ok(message.includes(shown), message);
    });
  }

  for (const reauth of [false, 'false', 'no', 'yes', '', 0, 1, null, {}]) {
    it(`refuses an extra with "reauth": ${JSON.stringify(reauth)}`, () =>
      assert.equal(refusal({ extra: JSON.stringify({ reauth }) }).type, 'ConnectionReauthDisabled'));
  }

  for (const extra of [
    null,
    '',
    '{}',
    '{"reauth":true}',
    '{"reauth":"true"}',
    '{"reauth":"True"}',
    '{"reauth":"1"}',
    '{"email":"a"}',
    '{"nested":{"reauth":false}}',
    'reauth=false',
    '["reauth"]',
    '"reauth"',
    'null',
    '{"__proto__":{"reauth":false}}',
  ]) {
    it(`accepts the extra ${extra ?? 'null'}`, () => assert.equal(judge({ extra }).writable, true));
  }

  for (const { host, message } of [
    { host: 'quay.io', message: 'its host "quay.io" is no known ECR registry' },
    { host: null, message: 'its host (empty) is no known ECR registry' },
    {
      host: `${REGISTRY}.cn`,
      message:
        `its host "${REGISTRY}.cn" is no ECR registry: region us-east-1 is of partition aws, whose registries do not ` +
        `end in amazonaws.com.cn; ${REGISTRY} was meant, perhaps`,
    },
    {
      host: `${REGISTRY}:443`,
      message:
        `its host "${REGISTRY}:443" is no ECR registry: it has a port, and hosts of ECR have none; ` +
        `${REGISTRY} was meant, perhaps`,
    },
    {
      host: '1234.dkr.ecr.us-east-1.amazonaws.com',
      message:
        'its host "1234.dkr.ecr.us-east-1.amazonaws.com" is no ECR registry: its account has 4 digits, and accounts ' +
        'have twelve',
    },
    {
      host: `${REGISTRY}@pa55word`,
      message: 'its host (not shown: it contains "@") is no known ECR registry',
    },
  ] as const) {
    it(`says of the host ${host} what is wrong with it`, () =>
      assert.deepEqual(refusal({ host }), { writable: false, type: 'ConnectionRegistryUnknown', message }));
  }

  it('names the type first when everything is wrong', () =>
    assert.equal(refusal({ type: 'aws', host: 'x', port: 1, login: 'y' }).type, 'ConnectionTypeMismatch'));

  it('does not show a field with "@", which may carry a password', () => {
    for (const changes of [
      { host: 'https://AWS:pa55word@example.com' },
      { login: 'AWS:pa55word@x' },
      { type: 'pa55word@x' },
    ]) {
      const { message } = refusal(changes);
      assert.ok(!message.includes('pa55word'), message);
      assert.match(message, /not shown/);
    }
  });

  it('shows a field of 80 characters whole, one of 81 cut', () => {
    assert.ok(refusal({ login: 'x'.repeat(80) }).message.includes(`"${'x'.repeat(80)}"`));
    assert.ok(refusal({ login: 'x'.repeat(81) }).message.includes(`"${'x'.repeat(77)}…"`));
  });

  it('never shows the extra, where people keep secrets', () => {
    const { message } = refusal({ extra: '{"reauth":"pa55word","other":"pa55word"}' });
    assert.ok(!message.includes('pa55word'), message);
  });
});

describe('checkConnection by the registry that the configuration gives', () => {
  function judgeAs(wanted: ResolvedRegistry, changes: Partial<ConnectionRecord>): ConnectionCheck {
    return checkConnection(dockerConnection(changes), wanted);
  }

  it('accepts a host of that registry, however it is written', () => {
    for (const host of ['localhost:5000', 'https://LOCALHOST:5000/']) {
      const judgement = judgeAs(NAMED, { host });
      assert.ok(judgement.writable);
      assert.deepEqual([judgement.registry, judgement.group.name], ['localhost:5000', 'default/eu-west-1']);
    }
  });

  for (const host of [REGISTRY, 'quay.io', 'localhost', 'localhost:5001', '', null]) {
    it(`refuses the host ${host}, and names what is wanted`, () => {
      const judgement = judgeAs(NAMED, { host });
      assert.ok(!judgement.writable);
      assert.equal(judgement.type, 'ConnectionRegistryMismatch');
      assert.match(judgement.message, /is not that of registry local \(localhost:5000\)$/);
    });
  }

  it('refuses another type before it looks at the host', () => {
    const judgement = judgeAs(NAMED, { type: 'http', host: 'quay.io' });
    assert.ok(!judgement.writable && judgement.type === 'ConnectionTypeMismatch');
  });

  it('refuses what is wrong beside the host as ever', () => {
    const judgement = judgeAs(NAMED, { host: 'localhost:5000', login: 'root' });
    assert.ok(!judgement.writable && judgement.type === 'ConnectionLoginMismatch');
  });

  const eu = named('eu', {
    region: 'eu-west-1',
    principal: { kind: 'profile', name: 'profile:p', profile: 'p' },
  });
  for (const { host, group } of [
    { host: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', group: 'profile:p/eu-west-1' },
    { host: '123456789012.dkr-ecr.eu-west-1.on.aws', group: 'profile:p/eu-west-1' },
  ] as const) {
    it(`accepts ${host} as one of the hosts of its account and region, with its credentials`, () => {
      const judgement = judgeAs(eu, { host });
      assert.ok(judgement.writable);
      assert.deepEqual([judgement.registry, judgement.group.name], [host, group]);
    });
  }

  it('refuses the usual host for an entry that insists on FIPS, and names the one it wants', () => {
    assert.deepEqual(judgeAs(named('fips', { fips: true }), {}), {
      writable: false,
      type: 'ConnectionRegistryMismatch',
      message: `its host "${REGISTRY}" is not that of registry fips (${FIPS_REGISTRY})`,
    });
    const judgement = judgeAs(named('fips', { fips: true }), { host: FIPS_REGISTRY });
    assert.equal(judgement.writable && judgement.group.name, 'default/us-east-1/fips');
  });
});
