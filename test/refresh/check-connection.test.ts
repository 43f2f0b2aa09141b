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

function check(changes: Partial<ConnectionRecord>): ConnectionCheck {
  return checkConnection(dockerConnection(changes));
}

function rejection(changes: Partial<ConnectionRecord>): { type: FailureType; message: string } {
  const result = check(changes);
  assert.ok(!result.writable, 'the connection is writable');
  return result;
}

describe('checkConnection', () => {
  it('accepts a docker connection with login AWS and an ECR host', () =>
    assert.deepEqual(check({}), { writable: true, registry: REGISTRY, group: GROUP }));

  for (const host of [
    `https://${REGISTRY}`,
    `http://${REGISTRY}`,
    `${REGISTRY}/`,
    `https://${REGISTRY}/team`,
  ]) {
    it(`accepts the host ${host} without a warning`, () =>
      assert.deepEqual(check({ host }), { writable: true, registry: REGISTRY, group: GROUP }));
  }

  it('accepts a host with upper-case letters, and warns that Docker pulls without credentials', () => {
    const result = check({ host: REGISTRY.toUpperCase() });
    assert.ok(result.writable);
    assert.equal(result.registry, REGISTRY);
    assert.match(result.warning ?? '', /upper-case letters.*use lower case/);
  });

  it('does not warn of upper-case letters in the path', () =>
    assert.deepEqual(check({ host: `${REGISTRY}/Team` }), {
      writable: true,
      registry: REGISTRY,
      group: GROUP,
    }));

  it('accepts port 0, which is no port for DockerHook', () =>
    assert.equal(check({ port: 0 }).writable, true));

  it('accepts a port after a path, which Docker does not read', () =>
    assert.deepEqual(check({ host: `https://${REGISTRY}/`, port: 443 }), {
      writable: true,
      registry: REGISTRY,
      group: GROUP,
    }));

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
    it(`uses token group ${name} for the host ${host}`, () => {
      const result = check({ host });
      assert.ok(result.writable);
      assert.deepEqual([result.registry, result.group.name], [registry, name]);
    });
  }

  it('rejects a custom registry host that is not in the configuration', () =>
    assert.equal(rejection({ host: 'localhost:5000' }).type, 'ConnectionRegistryUnknown'));

  for (const { title, changes, type, shown } of [
    { title: 'another type', changes: { type: 'http' }, type: 'ConnectionTypeMismatch', shown: '"http"' },
    {
      title: 'an upper-case type',
      changes: { type: 'Docker' },
      type: 'ConnectionTypeMismatch',
      shown: '"Docker"',
    },
    { title: 'no host', changes: { host: null }, type: 'ConnectionRegistryUnknown', shown: '(empty)' },
    { title: 'an empty host', changes: { host: '' }, type: 'ConnectionRegistryUnknown', shown: '""' },
    {
      title: 'a host that is not a registry',
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
      title: 'an ECR host with a port',
      changes: { host: `${REGISTRY}:443` },
      type: 'ConnectionRegistryUnknown',
      shown: ':443',
    },
    { title: 'a port', changes: { port: 443 }, type: 'ConnectionPortSet', shown: '443' },
    { title: 'no login', changes: { login: null }, type: 'ConnectionLoginMismatch', shown: '(empty)' },
    { title: 'an empty login', changes: { login: '' }, type: 'ConnectionLoginMismatch', shown: '""' },
    {
      title: 'a lower-case login',
      changes: { login: 'aws' },
      type: 'ConnectionLoginMismatch',
      shown: '"aws"',
    },
  ] as const) {
    it(`rejects ${title} with ${type}`, () => {
      const { type: given, message } = rejection(changes);
      assert.equal(given, type);
      assert.ok(message.includes(shown), message);
    });
  }

  it('rejects an extra that disables reauth', () =>
    assert.deepEqual(rejection({ extra: '{"reauth":false}' }), {
      writable: false,
      type: 'ConnectionReauthDisabled',
      message: 'its extra sets "reauth" to false',
    }));

  for (const { extra, message } of [
    { extra: '["reauth"]', message: 'its extra is not a JSON object, so DockerHook fails' },
    { extra: '{"reauth":"maybe"}', message: 'the "reauth" in its extra is neither true nor false' },
  ] as const) {
    it(`rejects the extra ${extra}, with which DockerHook fails`, () =>
      assert.deepEqual(rejection({ extra }), { writable: false, type: 'ConnectionExtraInvalid', message }));
  }

  for (const { host, message } of [
    { host: 'quay.io', message: 'its host "quay.io" is not a known ECR registry' },
    { host: null, message: 'its host (empty) is not a known ECR registry' },
    {
      host: `${REGISTRY}.cn`,
      message:
        `its host "${REGISTRY}.cn" is not a valid ECR host: region us-east-1 is in partition aws, whose registry ` +
        `hosts do not end in amazonaws.com.cn (did you mean ${REGISTRY}?)`,
    },
    {
      host: `${REGISTRY}:443`,
      message:
        `its host "${REGISTRY}:443" is not a valid ECR host: ECR hosts have no port ` +
        `(did you mean ${REGISTRY}?)`,
    },
    {
      host: '1234.dkr.ecr.us-east-1.amazonaws.com',
      message:
        'its host "1234.dkr.ecr.us-east-1.amazonaws.com" is not a valid ECR host: the account must have ' +
        '12 digits, not 4',
    },
    {
      host: `HTTPS://${REGISTRY}`,
      message: `its host "HTTPS://${REGISTRY}" is not valid: Docker cannot read it (did you mean ${REGISTRY}?)`,
    },
    {
      host: `${REGISTRY} `,
      message: `its host "${REGISTRY} " is not valid: Docker cannot read it (did you mean ${REGISTRY}?)`,
    },
    {
      host: `${REGISTRY}@pa55word`,
      message: 'its host (not shown: it contains "@") is not a known ECR registry',
    },
  ] as const) {
    it(`states what is wrong with the host ${host}`, () =>
      assert.deepEqual(rejection({ host }), { writable: false, type: 'ConnectionRegistryUnknown', message }));
  }

  it('reports the type first when every field is invalid', () =>
    assert.equal(rejection({ type: 'aws', host: 'x', port: 1, login: 'y' }).type, 'ConnectionTypeMismatch'));

  it('does not show a field with "@", which may contain a password', () => {
    for (const changes of [
      { host: 'https://AWS:pa55word@example.com' },
      { login: 'AWS:pa55word@x' },
      { type: 'pa55word@x' },
    ]) {
      const { message } = rejection(changes);
      assert.ok(!message.includes('pa55word'), message);
      assert.match(message, /not shown/);
    }
  });

  it('shows a field of 80 characters in full, and truncates one of 81', () => {
    assert.ok(rejection({ login: 'x'.repeat(80) }).message.includes(`"${'x'.repeat(80)}"`));
    assert.ok(rejection({ login: 'x'.repeat(81) }).message.includes(`"${'x'.repeat(77)}…"`));
  });

  it('never shows the extra, which may contain secrets', () => {
    const { message } = rejection({ extra: '{"reauth":"pa55word","other":"pa55word"}' });
    assert.ok(!message.includes('pa55word'), message);
  });
});

describe('checkConnection with a configured registry', () => {
  function checkAs(wanted: ResolvedRegistry, changes: Partial<ConnectionRecord>): ConnectionCheck {
    return checkConnection(dockerConnection(changes), wanted);
  }

  it('accepts a host of that registry with a scheme or upper-case letters', () => {
    for (const host of ['localhost:5000', 'https://LOCALHOST:5000/']) {
      const result = checkAs(NAMED, { host });
      assert.ok(result.writable);
      assert.deepEqual([result.registry, result.group.name], ['localhost:5000', 'default/eu-west-1']);
    }
  });

  for (const host of [REGISTRY, 'quay.io', 'localhost', 'localhost:5001', '', null]) {
    it(`rejects the host ${host}, and names the configured registry`, () => {
      const result = checkAs(NAMED, { host });
      assert.ok(!result.writable);
      assert.equal(result.type, 'ConnectionRegistryMismatch');
      assert.match(result.message, /does not match registry local \(localhost:5000\)$/);
    });
  }

  it('accepts its port as part of the host, or as the port', () => {
    const result = checkAs(NAMED, { host: 'localhost', port: 5000 });
    assert.ok(result.writable);
    assert.equal(result.registry, 'localhost:5000');
  });

  it('rejects a port in addition to that of the host', () => {
    const result = checkAs(NAMED, { host: 'localhost:5000', port: 5000 });
    assert.ok(!result.writable);
    assert.deepEqual(
      [result.type, result.message],
      ['ConnectionPortSet', 'its port is 5000; it must be empty'],
    );
  });

  it('shows another port with the host', () => {
    const result = checkAs(NAMED, { host: 'localhost', port: 5001 });
    assert.ok(!result.writable);
    const message = 'its host "localhost" with port 5001 does not match registry local (localhost:5000)';
    assert.deepEqual([result.type, result.message], ['ConnectionRegistryMismatch', message]);
  });

  it('names the host that was meant when Docker cannot read it as it is written', () => {
    const result = checkAs(NAMED, { host: ' localhost:5000' });
    assert.ok(!result.writable);
    assert.equal(result.type, 'ConnectionRegistryMismatch');
    assert.match(result.message, /: Docker cannot read it \(did you mean localhost:5000\?\)$/);
  });

  it('rejects another type before it checks the host', () => {
    const result = checkAs(NAMED, { type: 'http', host: 'quay.io' });
    assert.ok(!result.writable && result.type === 'ConnectionTypeMismatch');
  });

  it('also rejects other invalid fields', () => {
    const result = checkAs(NAMED, { host: 'localhost:5000', login: 'root' });
    assert.ok(!result.writable && result.type === 'ConnectionLoginMismatch');
  });

  const eu = named('eu', {
    region: 'eu-west-1',
    principal: { kind: 'profile', name: 'profile:p', profile: 'p' },
  });
  for (const { host, group } of [
    { host: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', group: 'profile:p/eu-west-1' },
    { host: '123456789012.dkr-ecr.eu-west-1.on.aws', group: 'profile:p/eu-west-1' },
  ] as const) {
    it(`accepts ${host} as a host of its account and region, with its credentials`, () => {
      const result = checkAs(eu, { host });
      assert.ok(result.writable);
      assert.deepEqual([result.registry, result.group.name], [host, group]);
    });
  }

  it('rejects the standard host for an entry with fips, and names the FIPS host', () => {
    assert.deepEqual(checkAs(named('fips', { fips: true }), {}), {
      writable: false,
      type: 'ConnectionRegistryMismatch',
      message: `its host "${REGISTRY}" does not match registry fips (${FIPS_REGISTRY})`,
    });
    const result = checkAs(named('fips', { fips: true }), { host: FIPS_REGISTRY });
    assert.equal(result.writable && result.group.name, 'default/us-east-1/fips');
  });
});
