// Pull permission, which a login does not prove: what `docker.probe` reports about it, and whether a real Docker
// Engine can pull the image. Also one registry for which two Airflow instances get tokens as two principals.
import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { FAILURES } from '../../src/refresh/failures.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { startRegistryFixture, type RegistryFixture } from './registries/fixture.js';
import { REGISTRY_REMEDIES } from '../../src/refresh/remedies/registry.js';

const PRIVATE = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const OTHER = '210987654321.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
const HOSTS = { private: PRIVATE, other: OTHER, public: PUBLIC };
const IMAGE = 'sandbox/hello:latest';
const [PROD, DEV] = ['111111111111', '222222222222'];

describe('pull permission', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;

  before(async function () {
    fixture = await startRegistryFixture(this, { moreAirflows: ['second'] });
    await fixture.registry.pushSampleImage?.();
    probe(IMAGE);
    fixture.seed(HOSTS);
    await fixture.startScheduled();
  });

  after(() => fixture?.stop());

  beforeEach(() => {
    fixture.reset();
    fixture.seed(HOSTS);
  });

  function probe(image: string): void {
    const docker = `docker: {engines: [ENGINE], probe: {image: "${image}"}}`;
    fixture.writeConfig({ main: Object.keys(HOSTS) }, docker);
  }

  /** Requests for manifests, with their authentication scheme and status. */
  function listManifestRequests() {
    return fixture.registry.requests
      .filter(({ path }) => path.includes('/manifests/'))
      .map(({ host, path, scheme, status }) => [host, path, scheme, status]);
  }

  /** Pulls as Docker does with the connection. */
  async function pull(id: string, host: string): Promise<void> {
    const docker = new Docker({ socketPath: fixture.engine.dockerHost.slice('unix://'.length) });
    const password = fixture.connections.get(id)?.password ?? '';
    const authconfig = { username: 'AWS', password, serveraddress: host };
    const progress = await docker.pull(`${host}/${IMAGE}`, { authconfig });
    await new Promise((resolve, reject) => {
      docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
    });
    await docker.getImage(`${host}/${IMAGE}`).remove();
  }

  const expectedRequests = (status: number) => [
    [PRIVATE, '/v2/sandbox/hello/manifests/latest', 'Basic', status],
    [OTHER, '/v2/sandbox/hello/manifests/latest', 'Basic', status],
    [PUBLIC, '/v2/sandbox/hello/manifests/latest', 'Bearer', status],
  ];

  it('is verified with the manifest, with Bearer at ECR Public, and Docker pulls', async () => {
    probe(IMAGE);
    const { report, code } = await fixture.trigger();
    assert.deepEqual([code, report.failures, report.warnings], [0, [], []]);
    assertSameRows(listManifestRequests(), expectedRequests(200));
    for (const [id, host] of Object.entries(HOSTS)) await pull(id, host);
  });

  it('is checked only at the registry that the image names', async () => {
    probe(`${OTHER}/${IMAGE}`);
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual([code, report.failures, report.warnings], [0, [], []]);
    assert.deepEqual(listManifestRequests(), [expectedRequests(200)[1]]);
  });

  it('is not verified by a missing image: a warning, not a failure', async () => {
    probe(`${PRIVATE}/team/none:1.0`);
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual([code, report.failures], [0, []]);
    const [warning = '', ...others] = report.warnings;
    assert.match(
      warning,
      /^Pull access was not verified for 123456789012\S+\/team\/none:1\.0: the registry has no such (repository|image)\.$/,
    );
    assert.deepEqual(others, []);
    const doctor = await fixture.command('doctor');
    assert.equal(doctor.code, 0, doctor.stdout);
    assert.match(doctor.stdout, /pull access not verified: the registry has no such/);
  });

  describe('when denied', () => {
    before(() => {
      fixture.registry.denyPull('sandbox/hello');
      probe(IMAGE);
    });

    for (const how of ['refresh-once', 'the schedule'] as const) {
      it(`is reported by ${how} with action and remedy, and the connections are refreshed`, async () => {
        const { report, code } = await (how === 'refresh-once' ? fixture.refreshOnce() : fixture.trigger());
        assert.equal(code, 1);
        assert.equal(report.outcome, 'incomplete');
        assertSameRows(
          report.failures.map((failure) => ({ ...failure, failingSince: undefined })),
          Object.values(HOSTS).map((registry) => ({
            stage: 'test',
            scope: 'registry',
            registry,
            type: 'RegistryPullDenied',
            count: 0,
            connections: [],
            message: `${registry}/${IMAGE}: 403 DENIED: the principal can log in but cannot pull: missing permission ecr:BatchGetImage`,
            remedy: FAILURES.RegistryPullDenied.remedy,
            failingSince: undefined,
          })),
        );
        assert.ok(Object.keys(HOSTS).every((id) => fixture.findToken(id)));
        assertSameRows(
          report.docker.map(({ registry, login }) => [registry, login]),
          Object.values(HOSTS).map((host) => [host, 'ok']),
          'the login alone succeeds',
        );
        assertSameRows(listManifestRequests(), expectedRequests(403));
        for (const [id, host] of Object.entries(HOSTS)) await assert.rejects(pull(id, host), /denied/i);
      });
    }

    it('is reported by doctor for each image', async () => {
      const { code, stdout } = await fixture.command('doctor', '--json');
      assert.equal(code, 1);
      const { checks } = JSON.parse(stdout) as {
        checks: { target: string; outcome: string; message: string }[];
      };
      const failed = checks.filter(({ outcome }) => outcome === 'failed');
      assertSameRows(
        failed.map(({ target }) => target),
        Object.values(HOSTS).map((host) => `image ${host}/${IMAGE}`),
      );
      for (const { message } of failed)
        assert.match(message, /cannot pull: missing permission ecr:BatchGetImage/);
    });
  });

  it('is that of the principal that the connection names, when two principals share a registry', async () => {
    const entry = (name: string, account: string): string =>
      `  - {name: ${name}, account: "123456789012", region: us-east-1, credentials: {roleArn: "arn:aws:iam::${account}:role/${name}", sessionDuration: 12h}}\n`;
    fixture.seed({ named: PRIVATE, ambiguous: PRIVATE });
    fixture.seed({ named: PRIVATE }, 'second');
    fixture.writeConfig(
      { main: ['{id: named, registry: prod}', 'ambiguous'], second: ['{id: named, registry: dev}'] },
      `registries:\n${entry('prod', PROD)}${entry('dev', DEV)}`,
    );
    const { report, code } = await fixture.refreshOnce();
    assert.equal(code, 1);
    assert.deepEqual(
      [
        fixture.findToken('named')?.account,
        fixture.findToken('named', 'second')?.account,
        fixture.findToken('ambiguous'),
      ],
      [PROD, DEV, undefined],
    );
    assertSameRows(
      report.stores.map(({ store, refreshed, principalArn }) => [store, refreshed, principalArn]),
      [
        ['main', 1, `arn:aws:sts::${PROD}:assumed-role/prod/airflow-ecr-refresh`],
        ['second', 1, `arn:aws:sts::${DEV}:assumed-role/dev/airflow-ecr-refresh`],
      ],
    );
    assert.deepEqual(
      report.failures.map(({ stage, store, type, connections, message, remedy }) => ({
        stage,
        store,
        type,
        connections,
        message,
        remedy,
      })),
      [
        {
          stage: 'inspect',
          store: 'main',
          type: 'ConnectionRegistryUnknown',
          connections: ['ambiguous'],
          message:
            'Connection ambiguous was not changed: its host matches registries prod and dev, which do not share a token.',
          remedy: REGISTRY_REMEDIES.chooseRegistry,
        },
      ],
    );
    assert.deepEqual(
      report.docker.map(({ registry, login }) => [registry, login]),
      [
        [PRIVATE, 'ok'],
        [PRIVATE, 'ok'],
      ],
      'a token was not tested',
    );
    assert.deepEqual(report.warnings, []);
  });

  it('leaks no secret', () => fixture.assertNoSecretOut());
});
