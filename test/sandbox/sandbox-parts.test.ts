import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '../../sandbox/cache-folder.js';
import { findDockerEngine } from '../../sandbox/docker-engine.js';
import { freePort, releasePort } from '../../sandbox/ports.js';
import { startSandbox } from '../../sandbox/start-sandbox.js';
import { claimStateFolder } from '../../sandbox/state-folder.js';
import { findTemporalCli } from '../../sandbox/temporal.js';

describe('sandbox parts', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ecr-parts-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('puts the cache folder into XDG_CACHE_HOME', () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: folder }), join(folder, 'airflow-ecr-refresh'));
  });

  it('returns a preferred port once, then other ports', async () => {
    const wanted = await freePort();
    releasePort(wanted);
    assert.equal(await freePort(wanted), wanted);
    assert.notEqual(await freePort(wanted), wanted);
  });

  it('finds the Docker Engine at the socket in DOCKER_HOST', async () => {
    const socket = join(folder, 'docker.sock');
    const server = createServer((_, response) => response.end('{"Version":"20.10.24"}')).listen(socket);
    const dockerHost = `unix://${socket}`;
    assert.deepEqual(await findDockerEngine({ DOCKER_HOST: dockerHost }), {
      dockerHost,
      version: '20.10.24',
    });
    server.close();
    server.closeAllConnections();
    assert.equal(await findDockerEngine({ DOCKER_HOST: dockerHost }), undefined);
    assert.equal(await findDockerEngine({ DOCKER_HOST: 'tcp://127.0.0.1:2375' }), undefined);
  });

  it('uses TEMPORAL_CLI, and rejects it if it is not an executable file', async () => {
    assert.equal(await findTemporalCli({ TEMPORAL_CLI: process.execPath }), process.execPath);
    await assert.rejects(
      findTemporalCli({ TEMPORAL_CLI: folder }),
      /TEMPORAL_CLI: .* is not an executable file\. Fix: /,
    );
  });

  it('rejects a state folder that another sandbox uses', () => {
    const claim = claimStateFolder(folder);
    assert.throws(() => claimStateFolder(folder), /is running a sandbox in/);
    claim.release();
    claimStateFolder(folder).release();
  });

  it('starts a whole sandbox with an expired token in its connection, twice in the same folder', async () => {
    const options = { stateFolder: folder, say: () => {}, light: true };
    for (let round = 0; round < 2; round += 1) {
      const sandbox = await startSandbox(options);
      try {
        assert.equal(sandbox.airflow.kind, 'stand-in');
        if (sandbox.airflow.kind !== 'stand-in') continue;
        const seeded = sandbox.airflow.connections.get('docker_default');
        assert.equal(seeded?.host, sandbox.registry.host);
        assert.equal(sandbox.aws.check(seeded?.password ?? ''), 'expired');
      } finally {
        await sandbox.stop();
      }
    }
  });
});
