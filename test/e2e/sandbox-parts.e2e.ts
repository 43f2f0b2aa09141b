// The real services of the sandbox: Temporal, Airflow, the registry, Docker, and a DockerOperator that uses them.
// If a dependency is missing, the tests are skipped and name what to install; with CI=true they fail.
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Docker from 'dockerode';
import {
  readConnection,
  readConnectionRow,
  readDecryptedPassword,
  runDockerOperator,
  seedConnection,
  startAirflow,
  type Airflow,
  type SeedConnection,
} from '../support/airflow.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { findDockerEngine, type FoundDockerEngine } from '../../sandbox/docker-engine.js';
import { canStartDockerEngine, startDockerEngine } from '../support/docker-engine.js';
import { freePort } from '../../sandbox/ports.js';
import { findPython } from '../../sandbox/python-tools.js';
import { SAMPLE_OUTPUT, startRegistry, type Registry } from '../support/registry.js';
import { startTemporal } from '../../sandbox/temporal.js';
import { skipOrFail } from '../support/skip-or-fail.js';

describe('real services of the sandbox', function () {
  this.timeout(300_000);
  let stateFolder: string;
  const stops: (() => Promise<void>)[] = [];

  before(async function () {
    stateFolder = await mkdtemp(join(tmpdir(), 'ecr-parts-'));
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
  });

  after(async () => {
    for (const stop of stops.reverse()) await stop();
    await rm(stateFolder, { recursive: true });
  });

  describe('Temporal', () => {
    it('starts, and keeps its schedules after a restart', async () => {
      const first = await startTemporal({ stateFolder, uiPort: await freePort() });
      await withClient(first.address, (client) =>
        client.schedule.create({
          scheduleId: 'daily',
          spec: { intervals: [{ every: '1 day' }] },
          action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
          state: { paused: true },
        }),
      );
      assert.equal((await fetch(first.uiUrl ?? '')).status, 200);
      await first.stop();
      assert.throws(() => process.kill(first.pid, 0), { code: 'ESRCH' });
      const second = await startTemporal({ stateFolder });
      const restored = await withClient(second.address, (client) =>
        client.schedule.getHandle('daily').describe(),
      );
      assert.equal(restored.state.paused, true);
      await second.stop();
    });
  });

  describe('Airflow', () => {
    const password = `"quoted" and 'long' ${'x'.repeat(8_000)}`;
    const seed: SeedConnection = {
      connection_id: 'docker_default',
      conn_type: 'docker',
      host: 'registry.example.com',
      login: 'AWS',
      password,
      extra: '{"email":"ops@example.com"}',
    };

    it('starts, keeps its connections after a restart, and decrypts them', async () => {
      const first = await startAirflow({ stateFolder });
      await seedConnection(first, seed);
      const before = await readConnectionRow(first, 'docker_default');
      assert.match(before?.['password'] ?? '', /^text:[0-9A-F]+$/);
      assert.equal(await readConnectionRow(first, 'missing'), undefined);
      await first.stop();
      assert.equal((await stat(join(stateFolder, 'airflow', 'secrets.json'))).mode & 0o777, 0o600);

      const second = await startAirflow({ stateFolder });
      stops.push(second.stop);
      assert.equal(second.password, first.password);
      assert.deepEqual(await readConnectionRow(second, 'docker_default'), before);
      assert.equal((await readConnection(second, 'docker_default'))?.['password'], '***');
      assert.equal(await readDecryptedPassword(second, 'docker_default'), password);
      assert.equal(await readDecryptedPassword(second, 'missing'), null);
    });
  });

  describe('Docker, registry and DockerOperator', () => {
    let aws: AwsStandIn;
    let registry: Registry;
    let engine: FoundDockerEngine;
    let image: string;

    before(async function () {
      aws = await startAwsStandIn();
      stops.push(aws.stop);
      registry = await startRegistry({ aws, stateFolder });
      stops.push(registry.stop);
      if (registry.pushSampleImage === undefined)
        skipOrFail(this, 'docker-registry (Debian: docker-registry)');
      else image = await registry.pushSampleImage();
      const found = await findDockerEngine();
      if (found !== undefined) {
        engine = found;
      } else if (canStartDockerEngine()) {
        const started = await startDockerEngine({ stateFolder });
        stops.push(started.stop);
        engine = started;
      } else {
        skipOrFail(this, 'a Docker Engine (Debian: docker.io)');
      }
    });

    const valid = () => aws.mintToken({ lifeSeconds: 600 }).password;
    const expired = () => aws.mintToken({ lifeSeconds: 0 }).password;

    function logIn(password: string): Promise<unknown> {
      const docker = new Docker({ socketPath: engine.dockerHost.slice('unix://'.length) });
      return docker.checkAuth({ username: 'AWS', password, serveraddress: registry.host });
    }

    it('logs in with a valid token but not with an expired one', async () => {
      assert.deepEqual(await logIn(valid()), { IdentityToken: '', Status: 'Login Succeeded' });
      await assert.rejects(logIn(expired()), /403 Forbidden/);
    });

    it('pulls the private image only with a valid token', async () => {
      const docker = new Docker({ socketPath: engine.dockerHost.slice('unix://'.length) });
      const pull = async (password: string): Promise<void> => {
        const auth = { username: 'AWS', password, serveraddress: registry.host };
        const progress = await docker.pull(image, { authconfig: auth });
        await new Promise((resolve, reject) => {
          docker.modem.followProgress(progress, (error, output) => (error ? reject(error) : resolve(output)));
        });
      };
      await assert.rejects(pull(expired()), /authorization token has expired/);
      await pull(valid());
      await docker.getImage(image).remove();
    });

    it('fails a DockerOperator with an expired token and runs it with a valid one', async () => {
      const airflow: Airflow = await startAirflow({ stateFolder });
      stops.push(airflow.stop);
      const run = { connectionId: 'docker_default', image, dockerHost: engine.dockerHost };
      const connection = {
        connection_id: 'docker_default',
        conn_type: 'docker',
        host: registry.host,
        login: 'AWS',
      };

      await seedConnection(airflow, { ...connection, password: expired() });
      const failed = await runDockerOperator(airflow, run);
      assert.equal(failed.ok, false);
      assert.match(failed.output, /403 Forbidden/);

      const password = valid();
      await seedConnection(airflow, { ...connection, password });
      const ran = await runDockerOperator(airflow, run);
      assert.ok(ran.ok, ran.output);
      assert.ok(ran.output.includes(SAMPLE_OUTPUT));
      assert.ok(!ran.output.includes(password));
    });
  });
});

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
