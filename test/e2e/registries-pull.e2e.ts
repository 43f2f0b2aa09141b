// The right to pull, which a sign-in does not prove: what `docker.probe` finds out about it, and what a real Docker
// Engine then makes of the image. And one registry that two Airflows get tokens for as two principals.
import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { FAILURES } from '../../src/refresh/failures.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { startRegistryFixture, type RegistryFixture } from './registries/fixture.js';

const WELL = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const OTHER = '210987654321.dkr.ecr.us-east-1.amazonaws.com';
const PUBLIC = 'public.ecr.aws';
const HOSTS = { well: WELL, other: OTHER, shared: PUBLIC };
const IMAGE = 'sandbox/hello:latest';
const [PROD, DEV] = ['111111111111', '222222222222'];

describe('the right to pull', function () {
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
    fixture.putRight();
    fixture.seed(HOSTS);
  });

  function probe(image: string): void {
    const docker = `docker: {engines: [ENGINE], probe: {image: "${image}"}}`;
    fixture.writeConfig({ main: Object.keys(HOSTS) }, docker);
  }

  /** Registries whose manifests were asked for, how, and with what answer. */
  function manifestsAsked() {
    return fixture.registry.requests
      .filter(({ path }) => path.includes('/manifests/'))
      .map(({ host, path, scheme, status }) => [host, path, scheme, status]);
  }

  /** As Docker pulls on behalf of the connection. */
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

  const asked = (status: number) => [
    [WELL, '/v2/sandbox/hello/manifests/latest', 'Basic', status],
    [OTHER, '/v2/sandbox/hello/manifests/latest', 'Basic', status],
    [PUBLIC, '/v2/sandbox/hello/manifests/latest', 'Bearer', status],
  ];

  it('is proven by the manifest, at ECR Public by Bearer; and Docker pulls', async () => {
    probe(IMAGE);
    const { report, code } = await fixture.trigger();
    assert.deepEqual([code, report.failures, report.warnings], [0, [], []]);
    assertSameRows(manifestsAsked(), asked(200));
    for (const [id, host] of Object.entries(HOSTS)) await pull(id, host);
  });

  it('is asked for at one registry alone where its host stands before the image', async () => {
    probe(`${OTHER}/${IMAGE}`);
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual([code, report.failures, report.warnings], [0, [], []]);
    assert.deepEqual(manifestsAsked(), [asked(200)[1]]);
  });

  it('is not proven by an image that is not there: a warning, no failure', async () => {
    probe(`${WELL}/team/none:1.0`);
    const { report, code } = await fixture.refreshOnce();
    assert.deepEqual([code, report.failures], [0, []]);
    const [warning = '', ...others] = report.warnings;
    assert.match(
      warning,
      /^Whether images may be pulled is not proven by 123456789012\S+\/team\/none:1\.0: the registry has no such (repository|image)\.$/,
    );
    assert.deepEqual(others, []);
    const doctor = await fixture.command('doctor');
    assert.equal(doctor.code, 0, doctor.stdout);
    assert.match(doctor.stdout, /whether it may be pulled is not proven: the registry has no such/);
  });

  describe('when it is missing', () => {
    before(() => {
      fixture.registry.denyPull('sandbox/hello');
      probe(IMAGE);
    });

    for (const how of ['refresh-once', 'the schedule'] as const) {
      it(`is told by ${how} with action and remedy, and the connections are refreshed`, async () => {
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
            message: `${registry}/${IMAGE}: 403 DENIED: the principal signs in, and may not pull: it lacks ecr:BatchGetImage`,
            remedy: FAILURES.RegistryPullDenied.remedy,
            failingSince: undefined,
          })),
        );
        assert.ok(Object.keys(HOSTS).every((id) => fixture.held(id)));
        assertSameRows(
          report.docker.map(({ registry, login }) => [registry, login]),
          Object.values(HOSTS).map((host) => [host, 'ok']),
          'the sign-in alone would have said that all is well',
        );
        assertSameRows(manifestsAsked(), asked(403));
        for (const [id, host] of Object.entries(HOSTS)) await assert.rejects(pull(id, host), /denied/i);
      });
    }

    it('is told by doctor, image by image', async () => {
      const { code, stdout } = await fixture.command('doctor', '--json');
      assert.equal(code, 1);
      const { checks } = JSON.parse(stdout) as {
        checks: { name: string; outcome: string; message: string }[];
      };
      const failed = checks.filter(({ outcome }) => outcome === 'failed');
      assertSameRows(
        failed.map(({ name }) => name),
        Object.values(HOSTS).map((host) => `image ${host}/${IMAGE}`),
      );
      for (const { message } of failed) assert.match(message, /may not pull: it lacks ecr:BatchGetImage/);
    });
  });

  it('is that of the principal which the connection names, where two are of one registry', async () => {
    const entry = (name: string, account: string): string =>
      `  - {name: ${name}, account: "123456789012", region: us-east-1, credentials: {roleArn: "arn:aws:iam::${account}:role/${name}", sessionDuration: 12h}}\n`;
    fixture.seed({ mine: WELL, nobodys: WELL });
    fixture.seed({ mine: WELL }, 'second');
    fixture.writeConfig(
      { main: ['{id: mine, registry: prod}', 'nobodys'], second: ['{id: mine, registry: dev}'] },
      `registries:\n${entry('prod', PROD)}${entry('dev', DEV)}`,
    );
    const { report, code } = await fixture.refreshOnce();
    assert.equal(code, 1);
    assert.deepEqual(
      [fixture.held('mine')?.account, fixture.held('mine', 'second')?.account, fixture.held('nobodys')],
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
          connections: ['nobodys'],
          message:
            'Connection nobodys is not written: its host is that of registries prod and dev, which get their tokens in different ways.',
          remedy: 'Say which in its entry under `connections`: `registry: prod`.',
        },
      ],
    );
    assert.deepEqual(
      report.docker.map(({ registry, login }) => [registry, login]),
      [
        [WELL, 'ok'],
        [WELL, 'ok'],
      ],
      'each token is tested',
    );
    assert.deepEqual(report.warnings, []);
  });

  it('leaves no secret out of place', () => fixture.assertNoSecretOut());
});
