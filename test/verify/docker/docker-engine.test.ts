import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { DockerEngine } from '../../../src/verify/docker/port.js';
import { createDockerEngine } from '../../../src/verify/docker/docker-engine.js';
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
    // What DOCKER_HOST names is the configuration's business; the engine asked for is the one that is used.
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

  function signIn(on = engine, signal = anySignal()): Promise<void> {
    return on.login(REGISTRY, new Secret(PASSWORD), signal);
  }

  it('signs in by POST /auth with user AWS', async () => {
    await signIn();
    const [request] = server.requests;
    assert.equal(request?.method, 'POST');
    assert.equal(request.path, '/auth');
    assert.deepEqual(JSON.parse(request.body), {
      username: 'AWS',
      password: PASSWORD,
      serveraddress: REGISTRY,
    });
  });

  it('takes an answer without content for a sign-in', async () => {
    answer = (_request, response) => response.writeHead(204).end();
    await signIn();
  });

  it('reads the version', async () => {
    answer = (_request, response) =>
      answerJson(response, 200, { Version: '20.10.24+dfsg1', ApiVersion: '1.41' });
    assert.equal(await engine.readVersion(anySignal()), '20.10.24+dfsg1');
    assert.equal(server.requests[0]?.path, '/version');
  });

  it('speaks TCP on loopback', async () => {
    const tcp = await startServer((request, response) => answer(request, response));
    await signIn(createDockerEngine({ url: `tcp://${tcp.host}` }));
    await signIn(createDockerEngine({ url: `tcp://localhost:${tcp.port}/` }));
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
    it(`refuses ${JSON.stringify(url)}`, async () => {
      const created = Promise.resolve().then(() => createDockerEngine({ url }));
      await expectFailure(created, 'ConfigInvalid', [PASSWORD]);
    });
  }

  describe('names an engine that is not there', () => {
    async function assertAbsent(url: string, words: string): Promise<void> {
      const absent = createDockerEngine({ url });
      for (const asked of [absent.readVersion(anySignal()), signIn(absent)]) {
        const { message, remedy } = await expectFailure(asked, 'DockerEngineUnreachable', [PASSWORD]);
        assert.equal(message, `${url}: ${words}`);
        assert.ok(remedy.length > 20);
      }
    }

    it('without a socket', () => assertAbsent(`unix://${folder}/none.sock`, 'no socket there'));

    it('with a file in place of the socket', async () => {
      await fs.writeFile(path.join(folder, 'file'), '');
      const url = `unix://${folder}/file`;
      await assertAbsent(url, 'not a socket');
    });

    // By their codes: a test that runs as root has every permission.
    for (const { code, reason } of [
      { code: 'EACCES', reason: 'no permission on the socket' },
      { code: 'ENOTSOCK', reason: 'not a socket' },
    ] as const) {
      it(`by ${code}`, () => {
        const { message, type } = toEngineFailure(
          { url: 'unix:///x' },
          Object.assign(new Error(PASSWORD), { code }),
        );
        assert.deepEqual([type, message], ['DockerEngineUnreachable', `unix:///x: ${reason}`]);
      });
    }

    it('with nobody listening', async () => {
      const gone = await startServer(() => {});
      await gone.close();
      await assertAbsent(`tcp://${gone.host}`, 'nothing listens there');
    });

    it('that breaks off', async () => {
      answer = (_request, response) => response.destroy();
      await assertAbsent(`unix://${socket}`, 'the engine closed the connection without a response');
    });

    it('that breaks off over TCP, where it may expect TLS', async () => {
      const tcp = await startServer((_request, response) => response.destroy());
      const asked = createDockerEngine({ url: `tcp://${tcp.host}` }).readVersion(anySignal());
      const { message, remedy } = await expectFailure(asked, 'DockerEngineUnreachable', []);
      assert.equal(message, `tcp://${tcp.host}: the engine closed the connection without a response`);
      assert.match(remedy, /if it expects TLS there, set `caFile`/);
      await tcp.close();
    });

    for (const { status, transport, reason, remedyPattern } of [
      {
        status: 400,
        transport: 'tcp',
        reason: 'answered 400, as HTTPS does to plain HTTP',
        remedyPattern: /expects TLS there, set `caFile`/,
      },
      { status: 400, transport: 'unix', reason: 'answered 400', remedyPattern: /proxy or plugin/ },
      { status: 403, transport: 'tcp', reason: 'answered 403', remedyPattern: /proxy or plugin/ },
      { status: 500, transport: 'unix', reason: 'answered 500', remedyPattern: /returned a server error/ },
      { status: 503, transport: 'tcp', reason: 'answered 503', remedyPattern: /returned a server error/ },
    ] as const) {
      it(`that answers ${status} on ${transport}`, async () => {
        const refuse: Answer = (_request, response) => answerJson(response, status, { message: PASSWORD });
        answer = refuse;
        const tcp = await startServer(refuse);
        const url = transport === 'tcp' ? `tcp://${tcp.host}` : `unix://${socket}`;
        const asked = createDockerEngine({ url }).readVersion(anySignal());
        const { message, remedy } = await expectFailure(asked, 'DockerEngineUnreachable', [PASSWORD]);
        assert.equal(message, `${url}: ${reason}`);
        assert.match(remedy, remedyPattern);
        await tcp.close();
      });
    }

    it('that speaks something else than HTTP', async () => {
      const odd = net.createServer((connection) => connection.end('220 ready\r\n')).listen(0, '127.0.0.1');
      await once(odd, 'listening');
      await assertAbsent(
        `tcp://127.0.0.1:${(odd.address() as net.AddressInfo).port}`,
        'the answer is not HTTP',
      );
      odd.close();
    });

    it('that is something else', async () => {
      answer = (_request, response) => answerHtml(response, 200);
      await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', []);
      await expectFailure(signIn(), 'DockerLoginFailed', [PASSWORD]);
      answer = (_request, response) => answerJson(response, 404, { message: PASSWORD });
      const { message } = await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', [
        PASSWORD,
      ]);
      assert.equal(message, `unix://${socket}: answered 404`);
    });
  });

  it('neither follows a redirect nor treats its response as a version or a login', async () => {
    const target = await startServer((_request, response) => answerJson(response, 200, {}));
    for (const status of [301, 302, 303, 307, 308]) {
      // One with a scheme that does not exist.
      for (const location of [target.url, 'odd:x']) {
        answer = (_request, response) => response.writeHead(status, { location }).end();
        await expectFailure(signIn(), 'DockerLoginFailed', [PASSWORD]);
        await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', [PASSWORD]);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(target.requests.length, 0);
    await target.close();
  });

  it('refuses an answer without end', async () => {
    const part = 'x'.repeat(64 * 1024);
    answer = (_request, response) => {
      const drip = (): void => void response.write(part, (error) => error ?? drip());
      drip();
    };
    const { message } = await expectFailure(engine.readVersion(anySignal()), 'DockerEngineUnreachable', []);
    assert.equal(message, `unix://${socket}: the answer is not HTTP`);
  });

  it('fails alone when the caller aborts in the middle of an answer', async () => {
    const begun = deferred();
    answer = (_request, response) => response.write('{"Version":', () => begun.resolve());
    const caller = new AbortController();
    const asked = engine.readVersion(caller.signal);
    await begun.promise;
    await new Promise((resolve) => setTimeout(resolve, 30));
    caller.abort();
    await expectFailure(asked, 'DockerEngineUnreachable', []);
  });

  it('ends the request when the caller aborts', async () => {
    const sockets = new Set<net.Socket>();
    server.server.on('connection', (connection: net.Socket) => {
      sockets.add(connection);
      connection.on('close', () => sockets.delete(connection));
    });
    answer = () => {};
    const caller = new AbortController();
    const asked = [signIn(engine, caller.signal), engine.readVersion(caller.signal)];
    while (server.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
    caller.abort();
    for (const ended of asked) {
      const { message } = await expectFailure(ended, 'DockerEngineUnreachable', [PASSWORD]);
      assert.equal(message, `unix://${socket}: the attempt was cancelled`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(sockets.size, 0, 'a connection is still open');
  });

  describe('tells a refusing registry from one that the engine cannot reach', () => {
    const login = `login attempt to https://${REGISTRY}/v2/ failed with status:`;
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
        reason: '401: the registry does not take this as a sign-in',
      },
      {
        status: 500,
        text: `${login} 403 Forbidden`,
        type: 'DockerLoginRejected',
        reason: '403: the registry takes the token for expired, or does not admit its principal',
      },
      {
        status: 500,
        text: `${login} 401 Unauthorized`,
        type: 'DockerLoginRejected',
        reason: '401: the registry does not take this as a sign-in',
      },
      {
        status: 500,
        text: `${login} 400 Bad Request`,
        type: 'DockerLoginRejected',
        reason: '400: a token of another region, or malformed',
      },
      {
        status: 500,
        text: 'error parsing HTTP 403 response body: invalid character: "Your Authorization Token has expired."',
        type: 'DockerLoginRejected',
        reason:
          '403: the registry says that the token has expired, as it does of every token that it cannot read or does not know',
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
        reason: 'something other than a registry answered (403)',
      },
      {
        status: 500,
        text: 'denied: requested access is denied',
        type: 'DockerLoginRejected',
        reason: 'the registry does not admit the principal of the token',
      },
      {
        status: 500,
        text: `${login} 503 Service Unavailable`,
        type: 'DockerLoginFailed',
        reason: 'the registry failed on its side',
      },
      {
        status: 500,
        text: `${login} 429 Too Many Requests`,
        type: 'DockerLoginFailed',
        reason: 'the registry asks for fewer requests',
      },
      {
        status: 500,
        text: `${dial}: lookup ${REGISTRY}: no such host`,
        type: 'DockerLoginFailed',
        reason: 'no such host',
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
        reason: 'the engine failed (500)',
      },
      {
        status: 500,
        text: `${dial} 10.0.0.1:443: i/o timeout`,
        type: 'DockerLoginFailed',
        reason: 'the registry does not answer in time',
      },
      {
        status: 500,
        text: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
        type: 'DockerLoginFailed',
        reason: 'TLS: the certificate of the registry is not accepted',
      },
      { status: 500, text: PASSWORD, type: 'DockerLoginFailed', reason: 'the engine failed (500)' },
      { status: 403, text: 'Forbidden', type: 'DockerLoginFailed', reason: 'the engine answered 403' },
    ];
    for (const { status, text, type, reason } of cases) {
      it(`${status} "${text.slice(0, 60)}": ${reason}`, async () => {
        answer = (_request, response) => answerJson(response, status, { message: text });
        const { message } = await expectFailure(signIn(), type, [PASSWORD]);
        assert.equal(message, `unix://${socket}: sign-in to ${REGISTRY}: ${reason}`);
      });
    }
  });
});
