import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAwsStandIn, type AwsStandIn } from './aws.js';
import { findOnPath } from '../../sandbox/executables.js';
import { startRegistry, type Registry } from './registry.js';

const EXPIRED = {
  errors: [
    { code: 'DENIED', message: 'Your authorization token has expired. Reauthenticate and try again.' },
  ],
};

describe('registry gate', () => {
  let aws: AwsStandIn;
  let registry: Registry;
  let stateFolder: string;

  before(async () => {
    stateFolder = await mkdtemp(join(tmpdir(), 'ecr-registry-'));
    aws = await startAwsStandIn();
    registry = await startRegistry({ aws, stateFolder, region: 'us-east-1', storage: false });
  });

  after(async () => {
    await registry.stop();
    await aws.stop();
    await rm(stateFolder, { recursive: true });
  });

  function send(password: string, path = '/v2/', user = 'AWS', url = registry.url): Promise<Response> {
    const authorization = Buffer.from(`${user}:${password}`).toString('base64');
    const Accept = 'application/vnd.docker.distribution.manifest.v2+json';
    return fetch(`${url}${path}`, { headers: { Authorization: `Basic ${authorization}`, Accept } });
  }

  const validPassword = () => aws.mintToken({ lifeSeconds: 60 }).password;

  it('challenges a request without credentials', async () => {
    const answer = await fetch(`${registry.url}/v2/`);
    assert.equal(answer.status, 401);
    assert.equal(
      answer.headers.get('www-authenticate'),
      `Basic realm="https://${registry.host}/",service="ecr.amazonaws.com"`,
    );
    assert.match(await answer.text(), /Not Authorized/);
  });

  it('accepts a valid token', async () => {
    const answer = await send(validPassword());
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0');
  });

  it('rejects an expired token with 403 DENIED', async () => {
    const answer = await send(aws.mintToken({ lifeSeconds: 0 }).password);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0');
    assert.deepEqual(await answer.json(), EXPIRED);
  });

  it('rejects an unknown password as expired', async () => {
    const answer = await send('unknown');
    assert.equal(answer.status, 403);
    assert.deepEqual(await answer.json(), EXPIRED);
  });

  it('rejects a token of another region with 400', async () => {
    const { password } = aws.mintToken({ lifeSeconds: 60, region: 'eu-west-1' });
    assert.equal((await send(password)).status, 400);
  });

  it('rejects another user name', async () => {
    assert.equal((await send(validPassword(), '/v2/', 'aws')).status, 401);
  });

  it('returns the error page of a proxy when a fault is set', async () => {
    registry.setFault(() => ({ status: 502, body: '<html>bad gateway</html>' }));
    const answer = await send(validPassword());
    registry.setFault(undefined);
    assert.equal(answer.status, 502);
    assert.equal(answer.headers.get('docker-distribution-api-version'), null);
  });

  it('records requests and the status of their responses', async () => {
    await (await send('wrong')).text();
    await (await fetch(`${registry.url}/v2/`)).text();
    const [first, second] = registry.requests.slice(-2);
    assert.deepEqual(
      [first?.method, first?.path, first?.authorized, first?.status],
      ['GET', '/v2/', true, 403],
    );
    assert.deepEqual([second?.authorized, second?.status], [false, 401]);
  });

  it('requires a valid token for the sample image in a real registry', async function () {
    if (findOnPath(['docker-registry', 'registry']) === undefined) return this.skip();
    const real = await startRegistry({ aws, stateFolder });
    try {
      assert.equal(await real.pushSampleImage?.(), `${real.host}/sandbox/hello:latest`);
      const path = '/v2/sandbox/hello/manifests/latest';
      assert.equal((await send('unknown', path, 'AWS', real.url)).status, 403);
      const answer = await send(validPassword(), path, 'AWS', real.url);
      const manifest = (await answer.json()) as { layers: { digest: string; size: number }[] };
      const layer = manifest.layers[0];
      const blob = await send(validPassword(), `/v2/sandbox/hello/blobs/${layer?.digest}`, 'AWS', real.url);
      assert.equal((await blob.arrayBuffer()).byteLength, layer?.size);
    } finally {
      await real.stop();
    }
  });
});
