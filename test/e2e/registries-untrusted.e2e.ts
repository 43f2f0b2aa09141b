// Registries that are not what they seem: one that wants the sign-in sent elsewhere, and some that let in whoever comes.
// The one hears no token, from nobody; the others are told, in every report, as proving nothing.
import assert from 'node:assert/strict';
import { sendJson, startLocalServer, type LocalServer } from '../../sandbox/local-server.js';
import { FAILURES } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { WRONG_PASSWORD } from '../../src/refresh/token.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { OLD, startRegistryFixture, type RegistryFixture } from './registries/fixture.js';

const SICK = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const WELL = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
const EVIL = 'tokens.evil.example';

describe('registries that are not to be trusted', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;
  let evil: LocalServer;
  const heard: string[] = [];

  before(async function () {
    evil = await startLocalServer(async (request, response) => {
      heard.push(`${request.method} ${request.headers.host} ${request.url}`);
      sendJson(response, 200, { token: 'a token of the evil one' });
    });
    const route = () => (name: string) => (name === EVIL ? { port: evil.port } : undefined);
    fixture = await startRegistryFixture(this, { route });
    fixture.writeConfig({ main: ['sick', 'well'] });
  });

  after(async () => {
    await fixture?.stop();
    await evil?.stop();
  });

  beforeEach(() => {
    fixture.putRight();
    fixture.seed({ sick: SICK, well: WELL });
    heard.length = 0;
  });

  const realms: Readonly<Record<string, () => string>> = {
    'another host, by TLS': () => `https://${EVIL}/token`,
    'another port of this machine, in clear': () => `http://127.0.0.1:${evil.port}/token`,
    'another port of its own': () => `https://${SICK}:8443/token`,
    'its own host, in clear': () => `http://${SICK}/token`,
    'a host that begins like its own': () => `https://${SICK}.${EVIL}/token`,
    'its own host before an @': () => `https://${SICK}@${EVIL}/token`,
  };

  function demandRealm(realm: string): void {
    const headers = { 'Www-Authenticate': `Bearer realm="${realm}",service="${SICK}"` };
    fixture.registry.setFault(({ host }) =>
      host === SICK
        ? {
            status: 401,
            body: '',
            headers: { ...headers, 'Docker-Distribution-Api-Version': 'registry/2.0' },
          }
        : undefined,
    );
  }

  for (const [where, realm] of Object.entries(realms)) {
    it(`sends nothing to a realm at ${where}, from worker or engine, and writes nothing`, async () => {
      demandRealm(realm());
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 1);
      assert.deepEqual(
        report.failures.map((failure) => ({ ...failure, failingSince: undefined })),
        [
          {
            stage: 'extract',
            scope: 'registry',
            store: 'main',
            registry: SICK,
            type: 'RegistryRealmForeign',
            count: 1,
            connections: ['sick'],
            message: `${SICK}: it asks for the sign-in to be sent to another host (realm)`,
            remedy: FAILURES.RegistryRealmForeign.remedy,
            failingSince: undefined,
          },
        ],
      );
      assert.deepEqual(heard, []);
      assert.ok(!fixture.network.names.some((name) => name.includes(EVIL)));
      assert.deepEqual(
        [...new Set(fixture.engineNetwork.names)],
        [WELL],
        'the engine is kept from it altogether',
      );
      assert.ok(fixture.registry.requests.every(({ host, authorized }) => host !== SICK || !authorized));
      assert.equal(fixture.connections.get('sick')?.password, OLD);
      assert.equal(fixture.held('well')?.region, 'us-east-1');
      assert.deepEqual(
        report.docker.map(({ registry, login }) => [registry, login]),
        [[WELL, 'ok']],
      );
    });
  }

  it('tells a realm elsewhere by doctor, and sends nothing to it', async () => {
    demandRealm(`https://${EVIL}/token`);
    const { code, stdout } = await fixture.command('doctor');
    assert.equal(code, 1);
    assert.match(stdout, /it asks for the sign-in to be sent to another host \(realm\)/);
    assert.ok(stdout.includes(FAILURES.RegistryRealmForeign.remedy), stdout);
    assert.deepEqual(heard, []);
    assert.ok(!fixture.engineNetwork.names.includes(SICK));
  });

  const tests: Readonly<Record<string, { open: () => void; says: string }>> = {
    'accepts whatever password': {
      open: () => fixture.registry.acceptAnything(),
      says: 'it also accepts a wrong password',
    },
    'asks for none': {
      open: () => fixture.registry.openToAll(),
      says: 'it allows access without a password',
    },
  };

  function assertInconclusive(report: RefreshReport, hosts: readonly string[], says: string): void {
    assert.deepEqual([report.outcome, report.failures], ['refreshed', []]);
    const told = hosts.flatMap((host) => [
      `The test of the token at ${host} is inconclusive: ${says}.`,
      `The test of the sign-in from ${fixture.engine.dockerHost} to ${host} is inconclusive: a wrong password signs in, too.`,
    ]);
    assertSameRows(report.warnings, told);
    assert.ok(report.tokens.every(({ check }) => check === 'inconclusive'));
    assertSameRows(
      report.docker.map(({ registry, login }) => [registry, login]),
      hosts.map((host) => [host, 'inconclusive']),
    );
  }

  for (const [what, { open, says }] of Object.entries(tests)) {
    it(`warns of a registry that ${what}, and refreshes its connections`, async () => {
      fixture.seed({ sick: PUBLIC, well: WELL });
      open();
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 0);
      assertInconclusive(report, [PUBLIC, WELL], says);
      assert.deepEqual([fixture.held('sick')?.service, fixture.held('well')?.service], ['ecr-public', 'ecr']);
    });
  }

  /** How often the wrong password was shown to a registry, by worker and engine together. */
  function wrongPasswords(host: string): number {
    const ofHost = fixture.registry.requests.filter((request) => request.host === host);
    return ofHost.filter(({ password }) => password === WRONG_PASSWORD).length;
  }

  it('tells it in each run of a worker as long as it lasts, then proves once a day and engine that it is over', async () => {
    fixture.registry.acceptAnything();
    await fixture.startScheduled();
    for (const _ of [1, 2]) {
      const before = [wrongPasswords(SICK), wrongPasswords(WELL)];
      assertInconclusive((await fixture.trigger()).report, [SICK, WELL], 'it also accepts a wrong password');
      const after = [wrongPasswords(SICK), wrongPasswords(WELL)];
      assert.deepEqual(
        after,
        before.map((count) => count + 2),
        'by the worker and by the engine',
      );
    }
    fixture.putRight();
    for (const run of [1, 2, 3]) {
      const { report, code } = await fixture.trigger();
      assert.deepEqual([code, report.warnings, report.failures], [0, [], []], `run ${run}`);
      assert.ok(report.tokens.every(({ check }) => check === 'accepted'));
      assert.deepEqual([wrongPasswords(SICK), wrongPasswords(WELL)], [2, 2], `run ${run}`);
    }
  });

  it('leaves no secret out of place', () => fixture.assertNoSecretOut());
});
