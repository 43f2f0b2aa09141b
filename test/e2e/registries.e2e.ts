// Every kind of ECR registry in one configuration: the real SDK calls the endpoint of each, a real Docker Engine logs
// in to each by its real name, and an invalid host fails alone and receives nothing.
import assert from 'node:assert/strict';
import type { RefreshReport } from '../../src/refresh/report.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { OLD, startRegistryFixture, type RegistryFixture } from './registries/fixture.js';
import {
  CORPORATE_HOST,
  INVALID_HOSTS,
  toHosts,
  PUBLIC_API,
  FIXTURE_PLACES,
  FIXTURE_HOSTS,
  REGISTRIES,
} from './registries/fixture-hosts.js';

const IDS = Object.keys(FIXTURE_PLACES);
const APIS = [...new Set(Object.values(FIXTURE_PLACES).map(({ api }) => api))].toSorted();

describe('all kinds of ECR registries by their real names', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;

  before(async function () {
    const route = {
      route: ({ registry }: Pick<RegistryFixture, 'registry'>) => routeCorporateHost(registry.url),
    };
    fixture = await startRegistryFixture(this, route);
    fixture.writeConfig({ main: IDS }, REGISTRIES);
  });

  after(() => fixture?.stop());

  beforeEach(() => {
    fixture.reset();
    fixture.seed(FIXTURE_HOSTS);
  });

  function assertRefreshed(report: RefreshReport, ids: readonly string[]): void {
    const places = ids.map((id) => ({ id, ...FIXTURE_PLACES[id] }));
    assertSameRows(
      report.stores.map((row) => [row.registry, row.refreshed, row.failed]),
      places.map(({ host }) => [host, 1, 0]),
    );
    for (const { id, region, api } of places) {
      const token = fixture.findToken(id);
      assert.deepEqual(
        [token?.region, token?.service],
        [region, api === PUBLIC_API ? 'ecr-public' : 'ecr'],
        id,
      );
    }
    for (const api of new Set(places.map((place) => place.api))) {
      const held = places
        .filter((place) => place.api === api)
        .map(({ id }) => fixture.findToken(id)?.password);
      assert.equal(new Set(held).size, 1, `different tokens for ${api}`);
    }
    const engines = report.docker.map(({ engine, registry, login }) => [engine, registry, login]);
    assertSameRows(
      engines,
      places.map(({ host }) => [fixture.engine.dockerHost, host, 'ok']),
    );
  }

  function assertEndpointsCalled(): void {
    const calls = fixture.aws.calls.filter(({ service }) => service !== 'sts');
    assertSameRows(
      calls.map(({ host }) => host),
      APIS,
      'each endpoint once',
    );
    for (const { action, input, host, region } of calls) {
      assert.deepEqual([action, input], ['GetAuthorizationToken', {}], 'the request has registryIds');
      assert.equal(region, Object.values(FIXTURE_PLACES).find(({ api }) => api === host)?.region, host);
    }
  }

  /** Use this only for a new process: a worker reuses its open connections. */
  function assertConnected(): void {
    const names = new Set(fixture.network.names.filter((name) => !name.startsWith('sts.')));
    assertSameRows([...names], [...APIS, ...Object.values(FIXTURE_HOSTS)]);
    assertSameRows(
      [...new Set(fixture.engineNetwork.names)],
      Object.values(FIXTURE_HOSTS),
      'the engine contacts only the registries',
    );
  }

  it('refreshes all of them in one run, each with the token of its own endpoint', async () => {
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.warnings, []);
    assert.equal(code, 0);
    assertRefreshed(report, IDS);
    assertEndpointsCalled();
    assertConnected();
    assert.deepEqual(
      report.tokens.map(({ check }) => check),
      APIS.map(() => 'accepted'),
    );
    assert.equal(fixture.aws.issued.length, APIS.length);
  });

  it('logs in to ECR Public with Bearer and to all others with Basic, from worker and engine', async () => {
    await fixture.refreshOnce();
    const logins = fixture.registry.requests.filter(({ path, authorized }) => path === '/v2/' && authorized);
    for (const host of Object.values(FIXTURE_HOSTS)) {
      const isPublic = host === 'public.ecr.aws' || host === 'ecr-public.aws.com';
      const hostLogins = logins.filter((request) => request.host === host);
      // Once from the worker and once from the engine. The negative login check gets this far only with Basic.
      assertSameRows(
        hostLogins.map(({ scheme, status }) => [scheme, status]),
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
    assert.equal(
      exchanges.length,
      8,
      'not one login with the token and one with a wrong password, from worker and engine, at two hosts',
    );
    assert.ok(exchanges.every(({ scheme }) => scheme === 'Basic'));
  });

  it('refreshes all of them in a run of the schedule', async () => {
    await fixture.startScheduled();
    fixture.reset();
    fixture.seed(FIXTURE_HOSTS);
    const { report, code } = await fixture.trigger();
    assert.deepEqual([code, report.failures, report.warnings], [0, [], []]);
    assertRefreshed(report, IDS);
    assertEndpointsCalled();
  });

  it('lists in a dry run what would be written, and writes nothing', async () => {
    const { code, stdout, stderr } = await fixture.command('refresh-once', '--dry-run');
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, new RegExp(`${IDS.length} of ${IDS.length} connections would be written`));
    for (const host of Object.values(FIXTURE_HOSTS)) assert.ok(stdout.includes(host), host);
    assert.ok([...fixture.connections.values()].every(({ password }) => password === OLD));
  });

  it('reports every registry as ok in doctor', async () => {
    const { code, stdout, stderr } = await fixture.command('doctor', '--json');
    assert.equal(code, 0, stdout + stderr);
    const { checks } = JSON.parse(stdout) as {
      checks: { target: string; outcome: string; message: string }[];
    };
    assert.deepEqual(
      checks.filter(({ outcome }) => outcome !== 'ok'),
      [],
    );
    for (const host of Object.values(FIXTURE_HOSTS)) {
      const lines = checks.filter(({ target, message }) => `${target} ${message}`.includes(host));
      assert.ok(
        lines.length >= 3,
        `a line for connection, registry or engine of ${host} is missing: ${JSON.stringify(lines)}`,
      );
    }
    assert.ok([...fixture.connections.values()].every(({ password }) => password === OLD));
  });

  for (const how of ['refresh-once', 'doctor'] as const) {
    it(`reports invalid ECR hosts in ${how}, and sends nothing to them`, async () => {
      const invalid = Object.keys(INVALID_HOSTS);
      fixture.seed({ ...FIXTURE_HOSTS, ...toHosts(INVALID_HOSTS) });
      fixture.writeConfig({ main: [...IDS, ...invalid] }, REGISTRIES);
      const messages = await (how === 'doctor' ? getDoctorMessages() : getRefreshMessages());
      for (const [id, { message: expected, suggestion }] of Object.entries(INVALID_HOSTS)) {
        const message = messages.find((text) => text.includes(`Connection ${id} `)) ?? '';
        assert.match(message, expected, JSON.stringify(messages));
        if (suggestion !== undefined) assert.ok(message.includes(`did you mean ${suggestion}?`), message);
        assert.equal(fixture.connections.get(id)?.password, OLD);
      }
      const names = new Set([...fixture.network.names, ...fixture.engineNetwork.names]);
      for (const { host } of Object.values(INVALID_HOSTS)) assert.ok(!names.has(host), host);
    });
  }

  /** The report merges similar failures under the first message, so the dry run supplies the message of each. */
  async function getRefreshMessages(): Promise<string[]> {
    const { code, report } = await fixture.refreshOnce();
    assert.equal(code, 1);
    assert.deepEqual(
      report.failures.map(({ stage, type, count }) => [stage, type, count]),
      [['inspect', 'ConnectionRegistryUnknown', Object.keys(INVALID_HOSTS).length]],
    );
    assertRefreshed(report, IDS);
    const { stdout } = await fixture.command('refresh-once', '--dry-run', '--json');
    const { connections } = JSON.parse(stdout) as { connections: { why?: string; message?: string }[] };
    return connections.map((connection) => JSON.stringify(connection));
  }

  async function getDoctorMessages(): Promise<string[]> {
    const { stdout } = await fixture.command('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { message: string }[] };
    return checks.map(({ message }) => message);
  }

  it('leaks no secret', () => fixture.assertNoSecretOut());
});

function routeCorporateHost(url: string) {
  return (name: string) => (name === CORPORATE_HOST ? { port: Number(new URL(url).port) } : undefined);
}
