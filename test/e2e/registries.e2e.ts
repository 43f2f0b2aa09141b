// Every kind of registry that AWS has, in one configuration: the real SDK asks the endpoint of each, a real Docker Engine
// signs in to each by its real name, and a host that contradicts itself fails alone and is sent nothing.
import assert from 'node:assert/strict';
import type { RefreshReport } from '../../src/refresh/report.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { OLD, startRegistryFixture, type RegistryFixture } from './registries/fixture.js';
import {
  CORPORATE_HOST,
  FLAWED,
  hostsOf,
  PUBLIC_API,
  FIXTURE_PLACES,
  FIXTURE_HOSTS,
  REGISTRIES,
} from './registries/fixture-hosts.js';

const IDS = Object.keys(FIXTURE_PLACES);
const APIS = [...new Set(Object.values(FIXTURE_PLACES).map(({ api }) => api))].toSorted();

describe('registries of every kind, by their real names', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;

  before(async function () {
    const route = { route: ({ registry }: Pick<RegistryFixture, 'registry'>) => toCorporate(registry.url) };
    fixture = await startRegistryFixture(this, route);
    fixture.writeConfig({ main: IDS }, REGISTRIES);
  });

  after(() => fixture?.stop());

  beforeEach(() => {
    fixture.putRight();
    fixture.seed(FIXTURE_HOSTS);
  });

  function assertRefreshed(report: RefreshReport, ids: readonly string[]): void {
    const places = ids.map((id) => ({ id, ...FIXTURE_PLACES[id] }));
    assertSameRows(
      report.stores.map((row) => [row.registry, row.refreshed, row.failed]),
      places.map(({ host }) => [host, 1, 0]),
    );
    for (const { id, region, api } of places) {
      const token = fixture.held(id);
      assert.deepEqual(
        [token?.region, token?.service],
        [region, api === PUBLIC_API ? 'ecr-public' : 'ecr'],
        id,
      );
    }
    for (const api of new Set(places.map((place) => place.api))) {
      const held = places.filter((place) => place.api === api).map(({ id }) => fixture.held(id)?.password);
      assert.equal(new Set(held).size, 1, `one token for all of ${api}`);
    }
    const engines = report.docker.map(({ engine, registry, login }) => [engine, registry, login]);
    assertSameRows(
      engines,
      places.map(({ host }) => [fixture.engine.dockerHost, host, 'ok']),
    );
  }

  function assertAsked(): void {
    const calls = fixture.aws.calls.filter(({ service }) => service !== 'sts');
    assertSameRows(
      calls.map(({ host }) => host),
      APIS,
      'each endpoint once',
    );
    for (const { action, input, host, region } of calls) {
      assert.deepEqual([action, input], ['GetAuthorizationToken', {}], 'no registryIds');
      assert.equal(region, Object.values(FIXTURE_PLACES).find(({ api }) => api === host)?.region, host);
    }
  }

  /** For a process of its own: a worker keeps connections, and goes on by them. */
  function assertConnected(): void {
    const names = new Set(fixture.network.names.filter((name) => !name.startsWith('sts.')));
    assertSameRows([...names], [...APIS, ...Object.values(FIXTURE_HOSTS)]);
    assertSameRows(
      [...new Set(fixture.engineNetwork.names)],
      Object.values(FIXTURE_HOSTS),
      'the engine asks the registries, and nobody else',
    );
  }

  it('refreshes all of them in one run, each by the token of its own endpoint', async () => {
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.warnings, []);
    assert.equal(code, 0);
    assertRefreshed(report, IDS);
    assertAsked();
    assertConnected();
    assert.deepEqual(
      report.tokens.map(({ check }) => check),
      APIS.map(() => 'accepted'),
    );
    assert.equal(fixture.aws.issued.length, APIS.length);
  });

  it('signs in at ECR Public by Bearer, from worker and engine, and everywhere else by Basic', async () => {
    await fixture.refreshOnce();
    const shown = fixture.registry.requests.filter(({ path, authorized }) => path === '/v2/' && authorized);
    for (const host of Object.values(FIXTURE_HOSTS)) {
      const isPublic = host === 'public.ecr.aws' || host === 'ecr-public.aws.com';
      const asked = shown.filter((request) => request.host === host);
      // Once by the worker and once by the engine; the wrong password comes as far only where it is Basic.
      assertSameRows(
        asked.map(({ scheme, status }) => [scheme, status]),
        isPublic
          ? [
              ['Bearer', 200],
              ['Bearer', 200],
            ]
          : [
              ['Basic', 200],
              ['Basic', 200],
              ['Basic', 403],
              ['Basic', 403],
            ],
        host,
      );
    }
    const exchanges = fixture.registry.requests.filter(({ path }) => path.startsWith('/token'));
    assert.equal(exchanges.length, 8, 'token and wrong password, by worker and engine, at two hosts');
    assert.ok(exchanges.every(({ scheme }) => scheme === 'Basic'));
  });

  it('refreshes all of them in a run of the schedule', async () => {
    await fixture.startScheduled();
    fixture.putRight();
    fixture.seed(FIXTURE_HOSTS);
    const { report, code } = await fixture.trigger();
    assert.deepEqual([code, report.failures, report.warnings], [0, [], []]);
    assertRefreshed(report, IDS);
    assertAsked();
  });

  it('shows by a dry run what would be written where, and writes nothing', async () => {
    const { code, stdout, stderr } = await fixture.command('refresh-once', '--dry-run');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, new RegExp(`${IDS.length} of ${IDS.length} connections would be written`));
    for (const host of Object.values(FIXTURE_HOSTS)) assert.ok(stdout.includes(host), host);
    assert.ok([...fixture.connections.values()].every(({ password }) => password === OLD));
  });

  it('says by doctor that all is well, registry by registry', async () => {
    const { code, stdout, stderr } = await fixture.command('doctor', '--json');
    assert.equal(code, 0, stdout + stderr);
    const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string; message: string }[] };
    assert.deepEqual(
      checks.filter(({ outcome }) => outcome !== 'ok'),
      [],
    );
    for (const host of Object.values(FIXTURE_HOSTS)) {
      const lines = checks.filter(({ name, message }) => `${name} ${message}`.includes(host));
      assert.ok(lines.length >= 3, `connection, registry and engine of ${host}: ${JSON.stringify(lines)}`);
    }
    assert.ok([...fixture.connections.values()].every(({ password }) => password === OLD));
  });

  for (const how of ['refresh-once', 'doctor'] as const) {
    it(`tells hosts that contradict themselves by ${how}, and sends nothing to any of them`, async () => {
      const flawed = Object.keys(FLAWED);
      fixture.seed({ ...FIXTURE_HOSTS, ...hostsOf(FLAWED) });
      fixture.writeConfig({ main: [...IDS, ...flawed] }, REGISTRIES);
      const told = await (how === 'doctor' ? doctorTells() : refreshTells());
      for (const [id, { says, meant }] of Object.entries(FLAWED)) {
        const message = told.find((text) => text.includes(`Connection ${id} `)) ?? '';
        assert.match(message, says, JSON.stringify(told));
        if (meant !== undefined) assert.ok(message.includes(`${meant} was meant, perhaps`), message);
        assert.equal(fixture.connections.get(id)?.password, OLD);
      }
      const names = new Set([...fixture.network.names, ...fixture.engineNetwork.names]);
      for (const { host } of Object.values(FLAWED)) assert.ok(!names.has(host), host);
    });
  }

  /** Failures alike are one entry of the report, with the message of the first: so each is asked for by itself, too. */
  async function refreshTells(): Promise<string[]> {
    const { code, report } = await fixture.refreshOnce();
    assert.equal(code, 1);
    assert.deepEqual(
      report.failures.map(({ stage, type, count }) => [stage, type, count]),
      [['inspect', 'ConnectionRegistryUnknown', Object.keys(FLAWED).length]],
    );
    assertRefreshed(report, IDS);
    const { stdout } = await fixture.command('refresh-once', '--dry-run', '--json');
    const { connections } = JSON.parse(stdout) as { connections: { why?: string; message?: string }[] };
    return connections.map((connection) => JSON.stringify(connection));
  }

  async function doctorTells(): Promise<string[]> {
    const { stdout } = await fixture.command('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { message: string }[] };
    return checks.map(({ message }) => message);
  }

  it('leaves no secret out of place', () => fixture.assertNoSecretOut());
});

function toCorporate(url: string) {
  return (name: string) => (name === CORPORATE_HOST ? { port: Number(new URL(url).port) } : undefined);
}
