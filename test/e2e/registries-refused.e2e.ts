// Registries that say no, that cannot be asked, and that stand somewhere else than they say: what is told of each by the
// worker that shows them the token, and, where the worker cannot reach them, by a real Docker Engine.
import assert from 'node:assert/strict';
import type { Fault } from '../support/fault.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { OLD, startRegistryFixture, type RegistryFixture } from './registries/fixture.js';

const SICK = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const WELL = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
/** A name that tells no region, for an entry of a wrong one; see the route. */
const ALIAS = 'ecr.inner.example';
const EXPIRED = errorBody('Your authorization token has expired. Reauthenticate and try again.');
const REGISTRY_HEADER = { 'Docker-Distribution-Api-Version': 'registry/2.0' };
const ENDED = errorBody('The security token included in the request is invalid.');

const OTHER_REGION = 'a token of another region, or malformed';
const OF_PUBLIC = 'ECR Public does not accept the token: it has expired, or is of another registry';

describe('registries that refuse, or cannot be asked', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;

  before(async function () {
    const route = ({ registry }: Pick<RegistryFixture, 'registry'>) => {
      const port = Number(new URL(registry.url).port);
      return (name: string) => (name === ALIAS ? { port } : undefined);
    };
    fixture = await startRegistryFixture(this, { route, region: 'us-east-1' });
    fixture.writeConfig(
      { main: ['sick', 'well'] },
      `registries:\n  - {name: alias, account: "123456789012", region: eu-west-1, registryHost: ${ALIAS}}`,
    );
    fixture.seed({ sick: SICK, well: WELL });
    await fixture.startScheduled();
  });

  after(() => fixture?.stop());

  beforeEach(() => {
    fixture.putRight();
    for (const host of [SICK, PUBLIC, ALIAS]) fixture.network.setTrouble(host, undefined);
  });

  function only(host: string, fault: Fault, when: (path: string) => boolean = () => true): void {
    fixture.registry.setFault((request) =>
      request.host === host && request.authorized && when(request.path) ? fault : undefined,
    );
  }

  function assertNeighbourWell(report: RefreshReport): void {
    assert.equal(fixture.held('well')?.region, 'us-east-1');
    assert.ok(report.docker.some(({ registry, login }) => registry === WELL && login === 'ok'));
  }

  function failuresOf({ failures }: RefreshReport) {
    return failures.map(({ stage, type, message }) => [stage, type, message]);
  }

  interface RejectionReason {
    readonly when: string;
    readonly host: string;
    readonly arrange: () => void;
    /** What the worker says after the registry's name. */
    readonly probe: string;
    /** What the engine says after it, and whether its refusal is one. */
    readonly engine: string;
    readonly remedy: RegExp;
    /** Where moby leaves out what the registry says, there is no more than this to say. */
    readonly engineRemedy?: RegExp;
  }

  const REFUSALS: readonly RejectionReason[] = [
    {
      when: 'a token of another region',
      host: ALIAS,
      // The entry says eu-west-1, and the name leads to a registry of us-east-1.
      arrange: () => undefined,
      probe: `400: ${OTHER_REGION}`,
      engine: `400: ${OTHER_REGION}`,
      remedy: /Fix the region of the entry under `registries`, or its `registryHost`/,
    },
    {
      when: 'a bare 400 of a private registry',
      host: SICK,
      arrange: () => only(SICK, { status: 400, body: '', headers: REGISTRY_HEADER }),
      probe: `400: ${OTHER_REGION}`,
      engine: `400: ${OTHER_REGION}`,
      remedy: /Fix the region of the entry under `registries`, or its `registryHost`/,
    },
    {
      when: 'a fresh token that the registry takes for expired',
      host: SICK,
      arrange: () => only(SICK, { status: 403, body: EXPIRED }),
      probe:
        '403 DENIED: the registry says that the token has expired, as it does of every token that it cannot read or does not know',
      engine: '403: the registry takes the token for expired, or does not admit its principal',
      remedy: /region and partition of the token, and for a proxy/,
      engineRemedy: /clock of the engine/,
    },
    {
      when: 'a token whose AWS session has ended',
      host: SICK,
      arrange: () => only(SICK, { status: 403, body: ENDED }),
      probe: '403 DENIED: the AWS session behind the token has ended',
      engine: '403: the registry takes the token for expired, or does not admit its principal',
      remedy: /role of the principal still exists, and whether its sessions were revoked/,
      engineRemedy: /clock of the engine/,
    },
    {
      when: 'a token that has expired at ECR Public',
      host: PUBLIC,
      arrange: () => publicAnswers400('/token'),
      probe: `400: ${OF_PUBLIC}`,
      engine: `400: ${OF_PUBLIC}`,
      remedy: /ECR Public accepts no token of a private registry/,
    },
    {
      when: 'a bearer that has expired at ECR Public, after the exchange',
      host: PUBLIC,
      arrange: () => publicAnswers400('/v2/'),
      probe: `400: ${OF_PUBLIC}`,
      engine: `400: ${OF_PUBLIC}`,
      remedy: /ECR Public accepts no token of a private registry/,
    },
  ];

  it('does not have an engine sign in to a host of ones own that the worker cannot ask for its challenge', async () => {
    fixture.seed({ sick: ALIAS, well: WELL });
    fixture.network.setTrouble(ALIAS, 'unreachable');
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual([code, report.failures], [0, []]);
    assert.ok(fixture.held('sick'));
    assert.ok(report.docker.some(({ registry, login }) => registry === ALIAS && login === 'none'));
    assert.ok(
      report.warnings.some((text) =>
        text.includes(`to ${ALIAS} was not tested (the worker could not ask the registry where`),
      ),
    );
    assert.ok(!fixture.engineNetwork.names.includes(ALIAS));
    assertNeighbourWell(report);
  });

  function publicAnswers400(place: string): void {
    only(PUBLIC, { status: 400, body: '' }, (path) => path.startsWith(place));
  }

  for (const { when, host, arrange, probe, engine, remedy, engineRemedy = remedy } of REFUSALS) {
    it(`tells ${when}, shown by the worker, and writes nothing`, async () => {
      fixture.seed({ sick: host, well: WELL });
      arrange();
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 1);
      assert.deepEqual(failuresOf(report), [['extract', 'TokenRejected', `${host}: ${probe}`]]);
      assert.match(report.failures[0]?.remedy ?? '', remedy);
      assert.equal(fixture.connections.get('sick')?.password, OLD);
      assert.ok(!fixture.engineNetwork.names.includes(host), 'the engine is not asked to try it');
      assertNeighbourWell(report);
    });

    if (host === ALIAS) continue;
    it(`tells ${when}, shown by the engine alone, after it was written`, async () => {
      fixture.seed({ sick: host, well: WELL });
      fixture.network.setTrouble(host, 'unreachable');
      arrange();
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 1);
      const place = `${fixture.engine.dockerHost}: sign-in to ${host}`;
      assert.deepEqual(failuresOf(report), [['test', 'DockerLoginRejected', `${place}: ${engine}`]]);
      assert.match(report.failures[0]?.remedy ?? '', engineRemedy);
      assert.ok(report.warnings.some((text) => text.startsWith(`Registry ${host} could not be asked`)));
      assert.ok(fixture.held('sick'));
      assert.ok(report.docker.some(({ registry, login }) => registry === host && login === 'rejected'));
      assertNeighbourWell(report);
    });
  }

  it('tells a token of another region in a run of the schedule, too', async () => {
    fixture.seed({ sick: ALIAS, well: WELL });
    const { report } = await fixture.trigger();
    assert.deepEqual(failuresOf(report), [['extract', 'TokenRejected', `${ALIAS}: 400: ${OTHER_REGION}`]]);
    assertNeighbourWell(report);
  });

  interface Obstacle {
    readonly when: string;
    readonly says: RegExp;
    readonly arrange: () => void;
  }

  const OBSTACLES: readonly Obstacle[] = [
    {
      when: 'throttles',
      says: /the registry asks for fewer requests \(429\)/,
      arrange: () => only(SICK, { status: 429, body: errorBody('Rate exceeded', 'TOOMANYREQUESTS') }),
    },
    {
      when: 'is hidden by a page of a proxy',
      says: /something other than a registry answered \(403\)/,
      arrange: () =>
        only(SICK, { status: 403, headers: { 'Content-Type': 'text/html' }, body: '<html>Blocked</html>' }),
    },
    {
      when: 'fails on its side',
      says: /the registry or a proxy in front of it failed \(503\)/,
      arrange: () => only(SICK, { status: 503, body: '' }),
    },
    {
      when: 'has a name that the proxy does not know',
      says: /the proxy refused to connect|no such host/,
      arrange: () => fixture.network.setTrouble(SICK, 'unknown'),
    },
    {
      when: 'breaks off',
      says: /the connection was broken off/,
      arrange: () => fixture.network.setTrouble(SICK, 'dropped'),
    },
    {
      when: 'shows a certificate of an authority that nobody knows',
      says: /TLS: certificate of an unknown authority|TLS: self-signed certificate in the chain/,
      arrange: () => fixture.network.setTrouble(SICK, 'untrusted'),
    },
  ];

  for (const { when, says, arrange } of OBSTACLES) {
    it(`warns of a registry that ${when}, and writes the token`, async () => {
      fixture.seed({ sick: SICK, well: WELL });
      fixture.writeConfig({ main: ['sick', 'well'] }, 'docker: {engines: []}');
      arrange();
      const { report, code, stdout } = await fixture.refreshOnce();
      assert.equal(code, 0, stdout);
      assert.deepEqual(report.failures, []);
      const [warning = '', ...others] = report.warnings;
      assert.deepEqual(others, []);
      assert.ok(warning.startsWith(`Registry ${SICK} could not be asked whether it accepts the token: `));
      assert.match(warning, says);
      assert.equal(report.tokens.find(({ region }) => region === 'eu-west-1')?.check, 'unreachable');
      assert.deepEqual(
        [fixture.held('sick')?.region, fixture.held('well')?.region],
        ['eu-west-1', 'us-east-1'],
      );
    });
  }

  it('leaves no secret out of place', () => fixture.assertNoSecretOut());
});

function errorBody(message: string, code = 'DENIED'): object {
  return { errors: [{ code, message }] };
}
