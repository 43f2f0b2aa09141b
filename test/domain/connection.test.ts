import assert from 'node:assert/strict';
import { findRegistry, judgeConnection, type Judgement } from '../../src/domain/connection.js';
import type { StoredConnection } from '../../src/domain/connection.js';
import type { FailureType } from '../../src/domain/failures.js';
import { dockerConnection } from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';

const NAMED = { name: 'local', host: 'localhost:5000', region: 'eu-west-1' };

function judge(changes: Partial<StoredConnection>): Judgement {
  return judgeConnection(dockerConnection(changes), [NAMED]);
}

function refusal(changes: Partial<StoredConnection>): { type: FailureType; message: string } {
  const judgement = judge(changes);
  assert.ok(!judgement.writable, 'it is writable');
  return judgement;
}

describe('judgeConnection', () => {
  it('accepts a docker connection of AWS to an ECR host', () =>
    assert.deepEqual(judge({}), { writable: true, registry: REGISTRY, region: 'us-east-1' }));

  for (const host of [
    `https://${REGISTRY}`,
    `http://${REGISTRY}`,
    `${REGISTRY}/`,
    `https://${REGISTRY}/team`,
  ]) {
    it(`accepts the host ${host} without a warning`, () =>
      assert.deepEqual(judge({ host }), { writable: true, registry: REGISTRY, region: 'us-east-1' }));
  }

  it('accepts a host with capital letters, and warns that Docker pulls without credentials', () => {
    const judgement = judge({ host: REGISTRY.toUpperCase() });
    assert.ok(judgement.writable);
    assert.equal(judgement.registry, REGISTRY);
    assert.match(judgement.warning ?? '', /capital letters.*write it in lower case/);
  });

  it('does not warn of a scheme in capital letters, which Docker does not mind', () => {
    const judgement = judge({ host: `HTTPS://${REGISTRY}` });
    assert.deepEqual(judgement, { writable: true, registry: REGISTRY, region: 'us-east-1' });
  });

  it('accepts a registry that the configuration names, with the port in its host', () =>
    assert.deepEqual(judge({ host: 'http://localhost:5000/' }), {
      writable: true,
      registry: 'localhost:5000',
      region: 'eu-west-1',
    }));

  it('does not take the named registry for the same host with another port, or none', () => {
    assert.equal(refusal({ host: 'localhost:5001' }).type, 'ConnectionRegistryUnknown');
    assert.equal(refusal({ host: 'localhost' }).type, 'ConnectionRegistryUnknown');
  });

  for (const [what, changes, type, shown] of [
    ['another type', { type: 'http' }, 'ConnectionTypeMismatch', '"http"'],
    ['a type in capital letters', { type: 'Docker' }, 'ConnectionTypeMismatch', '"Docker"'],
    ['no host', { host: null }, 'ConnectionRegistryUnknown', '(empty)'],
    ['an empty host', { host: '' }, 'ConnectionRegistryUnknown', '""'],
    ['a host that is no registry', { host: 'quay.io' }, 'ConnectionRegistryUnknown', '"quay.io"'],
    [
      'a host that only looks like ECR',
      { host: `${REGISTRY}.evil.com` },
      'ConnectionRegistryUnknown',
      'evil',
    ],
    ['an ECR host with a port in it', { host: `${REGISTRY}:443` }, 'ConnectionRegistryUnknown', ':443'],
    ['a port', { port: 443 }, 'ConnectionPortSet', '443'],
    ['port 0', { port: 0 }, 'ConnectionPortSet', '0'],
    ['no login', { login: null }, 'ConnectionLoginMismatch', '(empty)'],
    ['an empty login', { login: '' }, 'ConnectionLoginMismatch', '""'],
    ['a login in small letters', { login: 'aws' }, 'ConnectionLoginMismatch', '"aws"'],
  ] as const) {
    it(`refuses ${what} as ${type}`, () => {
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

describe('judgeConnection by the registry that the configuration gives', () => {
  function judgeAs(wanted: typeof NAMED, changes: Partial<StoredConnection>): Judgement {
    return judgeConnection(dockerConnection(changes), [], wanted);
  }

  it('accepts a host of that registry, however it is written', () => {
    for (const host of ['localhost:5000', 'https://LOCALHOST:5000/']) {
      const judgement = judgeAs(NAMED, { host });
      assert.ok(judgement.writable);
      assert.deepEqual([judgement.registry, judgement.region], ['localhost:5000', 'eu-west-1']);
    }
  });

  for (const host of [REGISTRY, 'quay.io', 'localhost', '', null]) {
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
});

describe('findRegistry', () => {
  it('prefers the configuration to the host name, for a registry with a region of its own', () => {
    const named = { name: 'mirror', host: REGISTRY, region: 'eu-central-1' };
    assert.deepEqual(findRegistry(REGISTRY, [named]), { registry: REGISTRY, region: 'eu-central-1' });
  });

  it('knows no registry without a host', () => assert.equal(findRegistry(null, [NAMED]), undefined));
});
