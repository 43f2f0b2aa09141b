import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { DockerEngine } from '../../../src/verify/docker/port.js';
import { createDockerEngine } from '../../../src/verify/docker/docker-engine.js';
import { createEngineClient } from '../../../src/verify/docker/engine-client.js';
import { toEngineFailure } from '../../../src/verify/docker/engine-failure.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { Secret } from '../../../src/log/secret.js';
import { deferred } from '../../fakes/deferred.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  expectFailure,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../../support/local-server.js';

const PASSWORD = 'ecr-password-that-must-not-show';
const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

describe('createDockerEngine', () => {
  let folder: string;
  let socket: string;
  let server: LocalServer;
  let answer: Answer;
  let engine: DockerEngine;
  let restore = (): void => {};

  beforeEach(async () => {
    // DOCKER_HOST is read by the configuration; the client must use only the given URL.
    restore = setEnvironment({ DOCKER_HOST: 'tcp://192.0.2.1:2376', DOCKER_CERT_PATH: '/nonexistent' });
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'engine-'));
    socket = path.join(folder, 'docker.sock');
    answer = (_request, response) =>
      answerJson(response, 200, { Status: 'Login Succeeded', IdentityToken: '' });
    server = await startServer((request, response) => answer(request, response), socket);
    engine = createDockerEngine({ url: `unix://${socket}` });
  });
  afterEach(async () => {
    restore();
    await server.close();
    await fs.rm(folder, { recursive: true });
  });

  function login(on = engine, signal = anySignal()): Promise<void> {
    return on.login(REGISTRY, new Secret(PASSWORD), signal);
  }

  it('logs in with POST /auth as user AWS', async () => {
    await login();
    const [request] = server.requests;
    assert.equal(request?.method, 'POST');
    assert.equal(request.path, '/auth');
    assert.deepEqual(JSON.parse(request.body), {
      username: 'AWS',
      password: PASSWORD,
      serveraddress: REGISTRY,
    });
  });

  it('accepts a response without content as a login', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    await login();
  });

  it('reads the version', async () => {
    answer = (_request, response) =>
      answerJson(response, 200, { Version: '20.10.24+dfsg1', ApiVersion: '1.41' });
    assert.equal(await engine.readVersion(anySignal()), '20.10.24+dfsg1');
    assert.equal(server.requests[0]?.path, '/version');
  });

  it('connects over TCP on loopback', async () => {
    const tcp = await startServer((request, response) => answer(request, response));
    await login(createDockerEngine({ url: `tcp://${tcp.host}` }));
    await login(createDockerEngine({ url: `tcp://localhost:${tcp.port}/` }));
    assert.equal(tcp.requests.length, 2);
    assert.equal(tcp.requests[0]?.path, '/auth');
    await tcp.close();
  });

  for (const url of [
    'tcp://192.0.2.1:2375',
    'tcp://engine.example.com:2375',
    'tcp://localhost',
    'tcp://localhost@192.0.2.1:2375',
    'ssh://user@host',
    'http://127.0.0.1:2375',
    'unix://relative.sock',
    'unix://',
    '',
  ]) {
    it(`rejects the URL ${JSON.stringify(url)}`, async () => {
      const created = Promise.resolve().then(() => createDockerEngine({ url }));
      await expectFailure(created, 'ConfigInvalid', [PASSWORD]);
    });
  }

  describe('reports an unreachable engine', () => {
    async function assertUnreachable(url: string, words: string): Promise<void> {
      const unreachable = createDockerEngine({ url });
      for (const call of [unreachable.readVersion(anySignal()), login(unreachable)]) {
        const { message, remedy } = await expectFailure(call, 'DockerEngineUnreachable', [PASSWORD]);
        assert.equal(message, `${url}: ${words}`);
        assert.ok(remedy.length > 20);
      }
    }

    it('if there is no socket', () => assertUnreachable(`unix://${folder}/none.sock`, 'socket not found'));

    it('if there is a file instead of the socket', async () => {
      await fs.writeFile(path.join(folder, 'file'), '');
      const url = `unix://${folder}/file`;
      await assertUnreachable(url, 'not a socket');
    });

    // Uses error codes, because a test that runs as root has every permission.
    for (const { code, reason } of [
      {
        code: 'EACCES',
        reason: `permission denied on the socket; the worker runs as user ${process.geteuid?.()}`,
      },
      { code: 'ENOTSOCK', reason: 'not a socket' },
    ] as const) {
      it(`for the error code ${code}`, () => {
        const { message, type } = toEngineFailure(
          { url: 'unix:///x' },
          Object.assign(new Error(PASSWORD), { code }),
        );
        assert.deepEqual([type, message], ['DockerEngineUnreachable', `unix:///x: ${reason}`]);
      });
    }

    it('if nothing listens on the port', async () => {
      const stopped = await startServer(() => {});
      await stopped.close();
      await assertUnreachable(`tcp://${stopped.host}`, 'nothing listens there');
    });

    it('if it closes the connection', async () => {
      answer = (_request, response) => response.destroy();
      await assertUnreachable(`unix://${socket}`, 'the engine closed the connection without a response');
    });

    it('if it closes a TCP connection, and suggests TLS', async () => {
      const tcp = await startServer((_request, response) => response.destroy());
      const call = createDockerEngine({ url: `tcp://${tcp.host}` }).readVersion(anySignal());
      const { message, remedy } = await expectFailure(call, 'DockerEngineUnreachable', []);
      assert.equal(message, `tcp://${tcp.host}: the engine closed the connection without a response`);
      assert.match(remedy, /if it expects TLS there, set `caFile`/);
      await tcp.close();
    });

    for (const { status, transport, reason, remedyPattern } of [
      {
        status: 400,
        transport: 'tcp',
        reason: 'HTTP 400, as an HTTPS server returns for plain HTTP',
        remedyPattern: /expects TLS there, set `caFile`/,
      },
      { status: 400, transport: 'unix', reason: 'HTTP 400', remedyPattern: /proxy or plugin/ },
      { status: 403, transport: 'tcp', reason: 'HTTP 403', remedyPattern: /proxy or plugin/ },
      { status: 500, transport: 'unix', reason: 'HTTP 500', remedyPattern: /returned a server error/ },
      { status: 503, transport: 'tcp', reason: 'HTTP 503', remedyPattern: /returned a server error/ },
    ] as const) {
      it(`if it returns ${status} over ${transport}`, async () => {
        const reject: Answer = (_request, response) => answerJson(response, status, { message: PASSWORD });
        answer = reject;
        const tcp = await startServer(reject);
        const url = transport === 'tcp' ? `tcp://${tcp.host}` : `unix://${socket}`;
        const call = createDockerEngine({ url }).readVersion(anySignal());
        const { message, remedy } = await expectFailure(call, 'DockerEngineUnreachable', [PASSWORD]);
        assert.equal(message, `${url}: ${reason}`);
        assert.match(remedy, remedyPattern);
        await tcp.close();
      });
    }

    it('if it does not use HTTP', async () => {
      const other = net.createServer((connection) => connection.end('220 ready\r\n')).listen(0, '127.0.0.1');
      await once(other, 'listening');
      await assertUnreachable(
        `tcp://127.0.0.1:${(other.address() as net.AddressInfo).port}`,
        'the response is not HTTP',
      );
      other.close();
    });

    it('if another service responds', async () => {
      answer = (_request, response) => answerHtml(response, 200);
      await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', []);
      await expectFailure(login(), 'DockerLoginFailed', [PASSWORD]);
      answer = (_request, response) => answerJson(response, 404, { message: PASSWORD });
      const { message } = await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', [
        PASSWORD,
      ]);
      assert.equal(message, `unix://${socket}: HTTP 404`);
    });
  });

  it('neither follows a redirect nor treats its response as a version or a login', async () => {
    const target = await startServer((_request, response) => answerJson(response, 200, {}));
    for (const status of [301, 302, 303, 307, 308]) {
      // The second URL has an unknown scheme.
      for (const location of [target.url, 'unknown:x']) {
        answer = (_request, response) => response.writeHead(status, { location }).end();
        await expectFailure(login(), 'DockerLoginFailed', [PASSWORD]);
        await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', [PASSWORD]);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(target.requests.length, 0);
    await target.close();
  });

  it('rejects an endless response', async () => {
    const part = 'x'.repeat(64 * 1024);
    answer = (_request, response) => {
      const drip = (): void => void response.write(part, (error) => error ?? drip());
      drip();
    };
    const { message } = await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', []);
    assert.equal(message, `unix://${socket}: the response is too large`);
  });

  it('sends nothing when the caller has already aborted', async () => {
    const client = createEngineClient({ url: `unix://${socket}` });
    const request = { path: '/auth', method: 'POST', options: { password: PASSWORD }, statusCodes: {} };
    const error = await new Promise((resolve) =>
      client.dial({ ...request, abortSignal: AbortSignal.abort() }, resolve),
    );
    assert.equal((error as Error).name, 'AbortError');
    assert.equal(server.requests.length, 0);
  });

  it('does not crash when the caller aborts during a response', async () => {
    const started = deferred();
    answer = (_request, response) => response.write('{"Version":', () => started.resolve());
    const caller = new AbortController();
    const call = engine.readVersion(caller.signal);
    await started.promise;
    await new Promise((resolve) => setTimeout(resolve, 30));
    caller.abort();
    await expectFailure(call, 'DockerEngineUnreachable', []);
  });

  it('ends the request when the caller aborts', async () => {
    const sockets = new Set<net.Socket>();
    server.server.on('connection', (connection: net.Socket) => {
      sockets.add(connection);
      connection.on('close', () => sockets.delete(connection));
    });
    answer = () => {};
    const caller = new AbortController();
    const calls = [login(engine, caller.signal), engine.readVersion(caller.signal)];
    while (server.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    for (const call of calls) {
      const { message } = await expectFailure(call, 'DockerEngineUnreachable', [PASSWORD]);
      assert.equal(message, `unix://${socket}: the attempt was canceled`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(sockets.size, 0, 'a connection is still open');
  });

  describe('distinguishes a registry that rejects from one that the engine cannot reach', () => {
    const attempt = `login attempt to https://${REGISTRY}/v2/ failed with status:`;
    const dial = `Get "https://${REGISTRY}/v2/": dial tcp`;
    const cases: readonly {
      readonly status: number;
      readonly text: string;
      readonly type: FailureType;
      readonly reason: string;
    }[] = [
      {
        status: 401,
        text: 'unauthorized: incorrect username or password',
        type: 'DockerLoginRejected',
        reason: '401: the registry rejected the credentials',
      },
      {
        status: 500,
        text: `${attempt} 403 Forbidden`,
        type: 'DockerLoginRejected',
        reason: '403: the registry considers the token expired or denies the principal',
      },
      {
        status: 500,
        text: `${attempt} 401 Unauthorized`,
        type: 'DockerLoginRejected',
        reason: '401: the registry rejected the credentials',
      },
      {
        status: 500,
        text: `${attempt} 400 Bad Request`,
        type: 'DockerLoginRejected',
        reason: '400: the token is malformed or from another region',
      },
      {
        status: 500,
        text: 'error parsing HTTP 403 response body: invalid character: "Your Authorization Token has expired."',
        type: 'DockerLoginRejected',
        reason:
          '403: the registry reports an expired token; ECR reports this for any token that it cannot read',
      },
      {
        status: 500,
        text: 'error parsing HTTP 403 response body: "The security token included in the request is invalid"',
        type: 'DockerLoginRejected',
        reason: '403: the AWS session behind the token has ended',
      },
      {
        status: 500,
        text: "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: \"<html>denied",
        type: 'DockerLoginFailed',
        reason: 'this 403 is not from the registry; check for a proxy in front of it',
      },
      {
        status: 500,
        text: 'denied: requested access is denied',
        type: 'DockerLoginRejected',
        reason: 'the registry denied the AWS principal of the token',
      },
      {
        status: 500,
        text: `${attempt} 503 Service Unavailable`,
        type: 'DockerLoginFailed',
        reason: 'the registry returned a server error',
      },
      {
        status: 500,
        text: `${attempt} 429 Too Many Requests`,
        type: 'DockerLoginFailed',
        reason: 'the registry throttled the request',
      },
      {
        status: 500,
        text: `${dial}: lookup ${REGISTRY}: no such host`,
        type: 'DockerLoginFailed',
        reason: 'DNS lookup failed',
      },
      {
        status: 500,
        text: `${dial} 10.0.0.1:443: connect: connection refused`,
        type: 'DockerLoginFailed',
        reason: 'connection refused',
      },
      {
        status: 500,
        text: `${dial} 10.0.0.1:443: connect: permission denied`,
        type: 'DockerLoginFailed',
        reason: 'the engine, or a proxy in front of it, returned HTTP 500',
      },
      {
        status: 500,
        text: `${dial} 10.0.0.1:443: i/o timeout`,
        type: 'DockerLoginFailed',
        reason: 'the registry timed out',
      },
      {
        status: 500,
        text: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
        type: 'DockerLoginFailed',
        reason: 'TLS: the certificate of the registry was rejected',
      },
      {
        status: 500,
        text: PASSWORD,
        type: 'DockerLoginFailed',
        reason: 'the engine, or a proxy in front of it, returned HTTP 500',
      },
      {
        status: 403,
        text: 'Forbidden',
        type: 'DockerLoginFailed',
        reason: 'the engine, or a proxy in front of it, returned HTTP 403',
      },
    ];
    for (const { status, text, type, reason } of cases) {
      it(`${status} "${text.slice(0, 60)}": ${reason}`, async () => {
        answer = (_request, response) => answerJson(response, status, { message: text });
        const { message } = await expectFailure(login(), type, [PASSWORD]);
        assert.equal(message, `unix://${socket}: login to ${REGISTRY}: ${reason}`);
      });
    }

    it('understands Podman before 4.4, which states the reason in `Status`', async () => {
      answer = (_request, response) =>
        answerJson(response, 400, { Status: 'login attempt failed with status: 403 Forbidden' });
      await expectFailure(login(), 'DockerLoginRejected', [PASSWORD]);
    });

    for (const status of [400, 401, 403, 404, 407]) {
      it(`does not take a page with ${status} for a rejection of the token`, async () => {
        answer = (_request, response) => answerHtml(response, status);
        const { message } = await expectFailure(login(), 'DockerLoginFailed', [PASSWORD]);
        assert.match(message, new RegExp(`the engine, or a proxy in front of it, returned HTTP ${status}$`));
      });
    }
  });
});
