// Registries that reject the token, cannot be reached, or are in another region than configured: what is reported
// when the worker verifies the token, and when only a real Docker Engine can reach the registry.
import assert from 'node:assert/strict';
import type { Fault } from '../support/fault.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { OLD, startRegistryFixture, type RegistryFixture } from './registries/fixture.js';

const FAILING = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const HEALTHY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
/** A host name without a region, for an entry with the wrong region; see `route`. */
const ALIAS = 'ecr.inner.example';
const EXPIRED = errorBody('Your authorization token has expired. Reauthenticate and try again.');
const REGISTRY_HEADER = { 'Docker-Distribution-Api-Version': 'registry/2.0' };
const SESSION_ENDED = errorBody('The security token included in the request is invalid.');

const OTHER_REGION = 'the token is malformed or from another region';
const PUBLIC_REJECTED = 'ECR Public rejected the token: it has expired or belongs to another registry';

describe('registries that reject the token or cannot be reached', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;

  before(async function () {
    const route = ({ registry }: Pick<RegistryFixture, 'registry'>) => {
      const port = Number(new URL(registry.url).port);
      return (name: string) => (name === ALIAS ? { port } : undefined);
    };
    fixture = await startRegistryFixture(this, { route, region: 'us-east-1' });
    fixture.writeConfig(
      { main: ['failing', 'healthy'] },
      `registries:\n  - {name: alias, account: "123456789012", region: eu-west-1, registryHost: ${ALIAS}}`,
    );
    fixture.seed({ failing: FAILING, healthy: HEALTHY });
    await fixture.startScheduled();
  });

  after(() => fixture?.stop());

  beforeEach(() => {
    fixture.reset();
    for (const host of [FAILING, PUBLIC, ALIAS]) fixture.network.setTrouble(host, undefined);
  });

  function failLogins(host: string, fault: Fault, when: (path: string) => boolean = () => true): void {
    fixture.registry.setFault((request) =>
      request.host === host && request.authorized && when(request.path) ? fault : undefined,
    );
  }

  function assertOtherRefreshed(report: RefreshReport): void {
    assert.equal(fixture.findToken('healthy')?.region, 'us-east-1');
    assert.ok(report.docker.some(({ registry, login }) => registry === HEALTHY && login === 'ok'));
  }

  function listFailures({ failures }: RefreshReport) {
    return failures.map(({ stage, type, message }) => [stage, type, message]);
  }

  interface RejectionCase {
    readonly when: string;
    readonly host: string;
    readonly arrange: () => void;
    /** The message of the worker, after the name of the registry. */
    readonly probe: string;
    /** The message of the Docker login, after the name of the registry. */
    readonly engine: string;
    readonly remedy: RegExp;
    /** A more general remedy where moby omits the message of the registry. */
    readonly engineRemedy?: RegExp;
  }

  const REJECTIONS: readonly RejectionCase[] = [
    {
      when: 'a token of another region',
      host: ALIAS,
      // The entry has eu-west-1, and the host leads to a registry in us-east-1.
      arrange: () => undefined,
      probe: `400: ${OTHER_REGION}`,
      engine: `400: ${OTHER_REGION}`,
      remedy: /Fix the region of the entry under `registries`, or its `registryHost`/,
    },
    {
      when: 'a 400 without a body from a private registry',
      host: FAILING,
      arrange: () => failLogins(FAILING, { status: 400, body: '', headers: REGISTRY_HEADER }),
      probe: `400: ${OTHER_REGION}`,
      engine: `400: ${OTHER_REGION}`,
      remedy: /Fix the region of the entry under `registries`, or its `registryHost`/,
    },
    {
      when: 'a new token that the registry considers expired',
      host: FAILING,
      arrange: () => failLogins(FAILING, { status: 403, body: EXPIRED }),
      probe:
        '403 DENIED: the registry reports an expired token; ECR reports this for any token that it cannot read',
      engine: '403: the registry considers the token expired or denies the principal',
      remedy: /region and partition of the token, and check for a proxy/,
      engineRemedy: /clock of the engine/,
    },
    {
      when: 'a token whose AWS session has ended',
      host: FAILING,
      arrange: () => failLogins(FAILING, { status: 403, body: SESSION_ENDED }),
      probe: '403 DENIED: the AWS session behind the token has ended',
      engine: '403: the registry considers the token expired or denies the principal',
      remedy: /role of the principal still exists and that its sessions were not revoked/,
      engineRemedy: /clock of the engine/,
    },
    {
      when: 'an expired token at ECR Public',
      host: PUBLIC,
      arrange: () => failPublicLogins('/token'),
      probe: `400: ${PUBLIC_REJECTED}`,
      engine: `400: ${PUBLIC_REJECTED}`,
      remedy: /ECR Public does not accept tokens of private registries/,
    },
    {
      when: 'an expired bearer token at ECR Public, after the exchange',
      host: PUBLIC,
      arrange: () => failPublicLogins('/v2/'),
      probe: `400: ${PUBLIC_REJECTED}`,
      engine: `400: ${PUBLIC_REJECTED}`,
      remedy: /ECR Public does not accept tokens of private registries/,
    },
  ];

  it('skips the Docker login to a custom host when the worker cannot get its challenge', async () => {
    fixture.seed({ failing: ALIAS, healthy: HEALTHY });
    fixture.network.setTrouble(ALIAS, 'unreachable');
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual([code, report.failures], [0, []]);
    assert.ok(fixture.findToken('failing'));
    assert.ok(report.docker.some(({ registry, login }) => registry === ALIAS && login === 'none'));
    assert.ok(
      report.warnings.some((text) =>
        text.includes(
          `to ${ALIAS} was not tested (the worker could not check the auth realm of the registry`,
        ),
      ),
    );
    assert.ok(!fixture.engineNetwork.names.includes(ALIAS));
    assertOtherRefreshed(report);
  });

  function failPublicLogins(place: string): void {
    failLogins(PUBLIC, { status: 400, body: '' }, (path) => path.startsWith(place));
  }

  for (const { when, host, arrange, probe, engine, remedy, engineRemedy = remedy } of REJECTIONS) {
    it(`reports ${when}, detected by the worker, and writes nothing`, async () => {
      fixture.seed({ failing: host, healthy: HEALTHY });
      arrange();
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 1);
      assert.deepEqual(listFailures(report), [['extract', 'TokenRejected', `${host}: ${probe}`]]);
      assert.match(report.failures[0]?.remedy ?? '', remedy);
      assert.equal(fixture.connections.get('failing')?.password, OLD);
      assert.ok(!fixture.engineNetwork.names.includes(host), 'the engine contacted the registry');
      assertOtherRefreshed(report);
    });

    if (host === ALIAS) continue;
    it(`reports ${when}, detected only by the engine, after the write`, async () => {
      fixture.seed({ failing: host, healthy: HEALTHY });
      fixture.network.setTrouble(host, 'unreachable');
      arrange();
      const { report, code } = await fixture.refreshOnce();
      assert.equal(code, 1);
      const place = `${fixture.engine.dockerHost}: login to ${host}`;
      assert.deepEqual(listFailures(report), [['test', 'DockerLoginRejected', `${place}: ${engine}`]]);
      assert.match(report.failures[0]?.remedy ?? '', engineRemedy);
      assert.ok(
        report.warnings.some((text) =>
          text.startsWith(`The token could not be verified with registry ${host}`),
        ),
      );
      assert.ok(fixture.findToken('failing'));
      assert.ok(report.docker.some(({ registry, login }) => registry === host && login === 'rejected'));
      assertOtherRefreshed(report);
    });
  }

  it('reports a token of another region in a run of the schedule', async () => {
    fixture.seed({ failing: ALIAS, healthy: HEALTHY });
    const { report } = await fixture.trigger();
    assert.deepEqual(listFailures(report), [['extract', 'TokenRejected', `${ALIAS}: 400: ${OTHER_REGION}`]]);
    assertOtherRefreshed(report);
  });

  interface UnverifiedCase {
    readonly when: string;
    readonly message: RegExp;
    readonly arrange: () => void;
  }

  const UNVERIFIED: readonly UnverifiedCase[] = [
    {
      when: 'throttles',
      message: /the registry throttled the request \(429\)/,
      arrange: () =>
        failLogins(FAILING, { status: 429, body: errorBody('Rate exceeded', 'TOOMANYREQUESTS') }),
    },
    {
      when: 'is hidden by an HTML page of a proxy',
      message: /this 403 is not from the registry; check for a proxy in front of it/,
      arrange: () =>
        failLogins(FAILING, {
          status: 403,
          headers: { 'Content-Type': 'text/html' },
          body: '<html>Blocked</html>',
        }),
    },
    {
      when: 'returns a server error',
      message: /the registry or a proxy in front of it returned a server error \(503\)/,
      arrange: () => failLogins(FAILING, { status: 503, body: '' }),
    },
    {
      when: 'has a host name unknown to the proxy',
      message: /the proxy rejected the CONNECT request|no such host/,
      arrange: () => fixture.network.setTrouble(FAILING, 'unknown'),
    },
    {
      when: 'drops the connection',
      message: /connection reset/,
      arrange: () => fixture.network.setTrouble(FAILING, 'dropped'),
    },
    {
      when: 'has a certificate from an unknown CA',
      message: /TLS: certificate signed by an unknown CA|TLS: self-signed certificate in the chain/,
      arrange: () => fixture.network.setTrouble(FAILING, 'untrusted'),
    },
  ];

  for (const { when, message, arrange } of UNVERIFIED) {
    it(`warns about a registry that ${when}, and writes the token`, async () => {
      fixture.seed({ failing: FAILING, healthy: HEALTHY });
      fixture.writeConfig({ main: ['failing', 'healthy'] }, 'docker: {engines: []}');
      arrange();
      const { report, code, stdout } = await fixture.refreshOnce();
      assert.equal(code, 0, stdout);
      assert.deepEqual(report.failures, []);
      const [warning = '', ...others] = report.warnings;
      assert.deepEqual(others, []);
      assert.ok(warning.startsWith(`The token could not be verified with registry ${FAILING}: `));
      assert.match(warning, message);
      assert.equal(report.tokens.find(({ region }) => region === 'eu-west-1')?.check, 'unreachable');
      assert.deepEqual(
        [fixture.findToken('failing')?.region, fixture.findToken('healthy')?.region],
        ['eu-west-1', 'us-east-1'],
      );
    });
  }

  it('leaks no secret', () => fixture.assertNoSecretOut());
});

function errorBody(message: string, code = 'DENIED'): object {
  return { errors: [{ code, message }] };
}
