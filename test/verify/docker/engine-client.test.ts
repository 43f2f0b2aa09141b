import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import type http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { answerJson, startServer, type LocalServer } from '../../support/local-server.js';
import { SELF_SIGNED } from '../../support/self-signed.js';

const PASSWORD = 'ecr-password-that-must-not-show';
const KEY_LINES = SELF_SIGNED.key.split('\n').slice(1, -2);

/** Reads the version and logs in; prints the results. */
const SCRIPT = `
import { createDockerEngine } from './src/verify/docker/docker-engine.ts';
import { Secret } from './src/log/secret.ts';
const { url, tls, password } = JSON.parse(process.env.ENGINE);
const engine = createDockerEngine({ url, tls });
const { signal } = new AbortController();
const login = () => engine.login('registry.example.com', new Secret(password), signal);
for (const call of [() => engine.readVersion(signal), login]) {
  await call().then(() => console.log('ok'), ({ type, message }) => console.log(type, message.replace(url, '')));
}
`;

describe('createEngineClient in a process with DEBUG=* and another DOCKER_HOST', () => {
  let folder: string;
  let engine: https.Server;
  let other: LocalServer;
  let respond: http.RequestListener;

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'engine-client-'));
    for (const name of ['cert', 'key'] as const) fs.writeFileSync(path.join(folder, name), SELF_SIGNED[name]);
    other = await startServer((_request, response) => answerJson(response, 200, { Version: '28.0.0' }));
    engine = https.createServer(SELF_SIGNED, (request, response) => {
      request.resume();
      respond(request, response);
    });
    engine.listen(0, '127.0.0.1');
    await once(engine, 'listening');
  });
  afterEach(async () => {
    engine.close();
    await other.close();
    fs.rmSync(folder, { recursive: true });
  });

  async function runScript(): Promise<{ stdout: string; stderr: string }> {
    const certFile = path.join(folder, 'cert');
    const tls = { caFile: certFile, certFile, keyFile: path.join(folder, 'key') };
    const url = `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
    const env = {
      PATH: process.env['PATH'],
      ENGINE: JSON.stringify({ url, tls, password: PASSWORD }),
      DEBUG: '*',
      DOCKER_HOST: `tcp://${other.host}`,
      DOCKER_CERT_PATH: '/nonexistent',
    };
    const script = ['--import=tsx', '--input-type=module', '--eval', SCRIPT];
    const output = await promisify(execFile)(process.execPath, script, { env });
    for (const secret of [PASSWORD, ...KEY_LINES]) {
      assert.ok(!(output.stdout + output.stderr).includes(secret), `${secret} was printed`);
    }
    return output;
  }

  it('does not print requests or responses', async () => {
    respond = (request, response) =>
      request.url === '/version'
        ? answerJson(response, 200, { Version: '28.0.0', echo: PASSWORD })
        : answerJson(response, 500, { message: PASSWORD });
    const { stdout, stderr } = await runScript();
    const failed =
      'DockerLoginFailed : login to registry.example.com: the engine, or a proxy in front of it, returned HTTP 500';
    assert.deepEqual([stdout, stderr], [`ok\n${failed}\n`, '']);
  });

  for (const status of [302, 307]) {
    it(`does not follow a redirect with ${status}`, async () => {
      respond = (_request, response) => response.writeHead(status, { location: other.url }).end();
      const { stdout, stderr } = await runScript();
      const failed = `DockerLoginFailed : login to registry.example.com: the engine, or a proxy in front of it, returned HTTP ${status}`;
      assert.deepEqual([stdout, stderr], [`DockerEngineUnreachable : HTTP ${status}\n${failed}\n`, '']);
      assert.deepEqual(other.requests, []);
    });
  }
});
