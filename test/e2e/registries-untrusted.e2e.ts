// Registries that cannot be trusted: one whose auth realm is another host must not get a token from worker or engine,
// and those that accept any password or need none are inconclusive in every report.
import assert from 'node:assert/strict';
import { sendJson, startLocalServer, type LocalServer } from '../../sandbox/local-server.js';
import { FAILURES } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { WRONG_PASSWORD } from '../../src/refresh/token.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { OLD, startRegistryFixture, type RegistryFixture } from './registries/fixture.js';

const UNTRUSTED = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const OTHER = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
const EVIL = 'tokens.evil.example';

describe('registries that cannot be trusted', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;
  let evil: LocalServer;
  const received: string[] = [];

  before(async function () {
    evil = await startLocalServer(async (request, response) => {
      received.push(`${request.method} ${request.headers.host} ${request.url}`);
      sendJson(response, 200, { token: 'a token from the other host' });
    });
    const route = () => (name: string) => (name === EVIL ? { port: evil.port } : undefined);
    fixture = await startRegistryFixture(this, { route });
    fixture.writeConfig({ main: ['untrusted', 'other'] });
  });

  after(async () => {
    await fixture?.stop();
    await evil?.stop();
  });

  beforeEach(() => {
    fixture.reset();
    fixture.seed({ untrusted: UNTRUSTED, other: OTHER });
    received.length = 0;
  });

  const ELSEWHERE = 'its auth realm points to another host';
  const realms: Readonly<Record<string, { readonly realm: () => string; readonly message: string }>> = {
    'another host over TLS': { realm: () => `https://${EVIL}/token`, message: ELSEWHERE },
    'another port of this machine, unencrypted': {
      realm: () => `http://127.0.0.1:${evil.port}/token`,
      message: ELSEWHERE,
    },
    'another port of its own host': { realm: () => `https://${UNTRUSTED}:8443/token`, message: ELSEWHERE },
    'its own host, unencrypted': {
      realm: () => `http://${UNTRUSTED}/token`,
      message: 'its auth realm is on its own host, but unencrypted (http)',
    },
    'another host that starts with its own name': {
      realm: () => `https://${UNTRUSTED}.${EVIL}/token`,
      message: ELSEWHERE,
    },
    'another host with its own name before an @': {
      realm: () => `https://${UNTRUSTED}@${EVIL}/token`,
      message: ELSEWHERE,
    },
    'a relative URL': {
      realm: () => '/token',
      message: 'its auth realm is a relative URL, not one with https:// and a host',
    },
    // A second realm, which Docker would use.
    'two places': {
      realm: () => `https://${UNTRUSTED}/token",realm="https://${EVIL}/token`,
      message: 'its auth challenge (WWW-Authenticate) cannot be parsed',
    },
  };

  function setRealm(realm: string): void {
    const headers = { 'Www-Authenticate': `Bearer realm="${realm}",service="${UNTRUSTED}"` };
    fixture.registry.setFault(({ host }) =>
      host === UNTRUSTED
        ? {
            status: 401,
            body: '',
            headers: { ...headers, 'Docker-Distribution-Api-Version': 'registry/2.0' },
          }
        : undefined,
    );
  }

  for (const [where, { realm, message }] of Object.entries(realms)) {
    it(`sends nothing to a realm at ${where}, from worker or engine, and writes nothing`, async () => {
      setRealm(realm());
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 1);
      assert.deepEqual(
        report.failures.map((failure) => ({ ...failure, failingSince: undefined })),
        [
          {
            stage: 'extract',
            scope: 'registry',
            store: 'main',
            registry: UNTRUSTED,
            type: 'RegistryRealmForeign',
            count: 1,
            connections: ['untrusted'],
            message: `${UNTRUSTED}: ${message}`,
            remedy: FAILURES.RegistryRealmForeign.remedy,
            failingSince: undefined,
          },
        ],
      );
      assert.deepEqual(received, []);
      assert.ok(!fixture.network.names.some((name) => name.includes(EVIL)));
      assert.deepEqual(
        [...new Set(fixture.engineNetwork.names)],
        [OTHER],
        'the engine contacted another registry',
      );
      assert.ok(fixture.registry.requests.every(({ host, authorized }) => host !== UNTRUSTED || !authorized));
      assert.equal(fixture.connections.get('untrusted')?.password, OLD);
      assert.equal(fixture.findToken('other')?.region, 'us-east-1');
      assert.deepEqual(
        report.docker.map(({ registry, login }) => [registry, login]),
        [[OTHER, 'ok']],
      );
    });
  }

  it('reports a realm at another host in doctor, and sends nothing to it', async () => {
    setRealm(`https://${EVIL}/token`);
    const { code, stdout } = await fixture.command('doctor');
    assert.equal(code, 1);
    assert.match(stdout, /its auth realm points to another host/);
    assert.ok(stdout.includes(FAILURES.RegistryRealmForeign.remedy), stdout);
    assert.deepEqual(received, []);
    assert.ok(!fixture.engineNetwork.names.includes(UNTRUSTED));
  });

  const cases: Readonly<Record<string, { arrange: () => void; reason: string }>> = {
    'accepts any password': {
      arrange: () => fixture.registry.acceptAnything(),
      reason: 'the registry also accepts a wrong password',
    },
    'needs no password': {
      arrange: () => fixture.registry.openToAll(),
      reason: 'the registry allows anonymous access',
    },
  };

  function assertInconclusive(report: RefreshReport, hosts: readonly string[], reason: string): void {
    assert.deepEqual([report.outcome, report.failures], ['refreshed', []]);
    const expected = hosts.flatMap((host) => [
      `The check of the token with registry ${host} is inconclusive: ${reason}.`,
      `The login test from ${fixture.engine.dockerHost} to ${host} is inconclusive: the registry also accepts a wrong password.`,
    ]);
    assertSameRows(report.warnings, expected);
    assert.ok(report.tokens.every(({ check }) => check === 'inconclusive'));
    assertSameRows(
      report.docker.map(({ registry, login }) => [registry, login]),
      hosts.map((host) => [host, 'inconclusive']),
    );
  }

  for (const [what, { arrange, reason }] of Object.entries(cases)) {
    it(`warns about a registry that ${what}, and refreshes its connections`, async () => {
      fixture.seed({ untrusted: PUBLIC, other: OTHER });
      arrange();
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 0);
      assertInconclusive(report, [PUBLIC, OTHER], reason);
      assert.deepEqual(
        [fixture.findToken('untrusted')?.service, fixture.findToken('other')?.service],
        ['ecr-public', 'ecr'],
      );
    });
  }

  /** Counts the logins to a registry with the wrong password, from worker and engine together. */
  function countWrongPasswords(host: string): number {
    const ofHost = fixture.registry.requests.filter((request) => request.host === host);
    return ofHost.filter(({ password }) => password === WRONG_PASSWORD).length;
  }

  it('warns in each run while any password is accepted, then checks once per day and engine', async () => {
    fixture.registry.acceptAnything();
    await fixture.startScheduled();
    for (const _ of [1, 2]) {
      const before = [countWrongPasswords(UNTRUSTED), countWrongPasswords(OTHER)];
      assertInconclusive(
        (await fixture.trigger()).report,
        [UNTRUSTED, OTHER],
        'the registry also accepts a wrong password',
      );
      const after = [countWrongPasswords(UNTRUSTED), countWrongPasswords(OTHER)];
      assert.deepEqual(
        after,
        before.map((count) => count + 2),
        'worker and engine did not try one wrong password each',
      );
    }
    fixture.reset();
    for (const run of [1, 2, 3]) {
      const { report, code } = await fixture.trigger();
      assert.deepEqual([code, report.warnings, report.failures], [0, [], []], `run ${run}`);
      assert.ok(report.tokens.every(({ check }) => check === 'accepted'));
      assert.deepEqual([countWrongPasswords(UNTRUSTED), countWrongPasswords(OTHER)], [2, 2], `run ${run}`);
    }
  });

  it('leaks no secret', () => fixture.assertNoSecretOut());
});
