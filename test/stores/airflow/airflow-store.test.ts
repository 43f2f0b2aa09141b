import assert from 'node:assert/strict';
import { Secret } from '../../../src/log/secret.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../../support/local-server.js';
import { connect, PASSWORD } from './connect.js';

const TOKEN = 'ecr-password-that-must-not-show';
const SECRETS = [PASSWORD, TOKEN];
const ID = 'docker_default';
const OTHER_ID = 'other';

describe('createAirflowStore', () => {
  let airflow: AirflowStandIn | undefined;
  let restore = (): void => {};

  beforeEach(() => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
  });
  afterEach(async () => {
    restore();
    await airflow?.stop();
    airflow = undefined;
  });

  async function start(version: string, port?: number): Promise<AirflowStandIn> {
    airflow = await startAirflowStandIn({
      version,
      port,
      users: [{ username: 'op', password: PASSWORD, role: 'op' }],
      connections: [ID, OTHER_ID].map((id) => ({
        connection_id: id,
        conn_type: 'docker',
        host: 'registry.example.com',
        login: 'AWS',
      })),
    });
    return airflow;
  }

  function paths(standIn: AirflowStandIn): readonly string[] {
    return standIn.requests.map(({ method, path }) => `${method} ${path}`);
  }

  it('detects Airflow 3, and logs in with a JWT', async () => {
    const standIn = await start('3.3.2');
    const api = connect(standIn.url);
    assert.equal((await api.read(ID, anySignal()))?.id, ID);
    await api.read(ID, anySignal());
    assert.deepEqual(paths(standIn), [
      'GET /api/v2/version',
      'POST /auth/token',
      `GET /api/v2/connections/${ID}`,
      `GET /api/v2/connections/${ID}`,
    ]);
  });

  it('detects Airflow 2, and logs in with Basic authentication', async () => {
    const standIn = await start('2.10.5');
    const api = connect(standIn.url);
    assert.equal((await api.read(ID, anySignal()))?.id, ID);
    await api.read(ID, anySignal());
    assert.deepEqual(paths(standIn), [
      'GET /api/v2/version',
      'GET /api/v1/version',
      'GET /api/v1/connections',
      `GET /api/v1/connections/${ID}`,
      `GET /api/v1/connections/${ID}`,
    ]);
  });

  it('does not request the version when it is configured', async () => {
    const standIn = await start('3.3.2');
    await connect(standIn.url, { version: 3 }).read(ID, anySignal());
    assert.deepEqual(paths(standIn), ['POST /auth/token', `GET /api/v2/connections/${ID}`]);
  });

  it('requests the version once for concurrent calls', async () => {
    const standIn = await start('3.3.2');
    const api = connect(standIn.url);
    await Promise.all(Array.from({ length: 20 }, () => api.read(ID, anySignal())));
    assert.equal(paths(standIn).filter((path) => path.endsWith('/version')).length, 1);
    assert.equal(paths(standIn).filter((path) => path === 'POST /auth/token').length, 1);
  });

  it('continues the detection for the others when one caller aborts', async () => {
    const standIn = await start('3.3.2');
    const api = connect(standIn.url);
    const controller = new AbortController();
    const ended = api.read(ID, controller.signal);
    const other = api.read(ID, anySignal());
    controller.abort();
    await expectFailure(ended, 'StoreUnreachable', SECRETS);
    assert.equal((await other)?.id, ID);
  });

  it('detects the version again after a failure', async () => {
    const standIn = await start('2.10.5');
    const api = connect(standIn.url);
    standIn.setFault(() => ({ status: 503, body: 'starting' }));
    await expectFailure(api.check(anySignal()), 'StoreUnavailable', SECRETS);
    standIn.setFault(undefined);
    assert.equal(await api.check(anySignal()), 'version 2.10.5');
  });

  it('detects the other version after an upgrade', async () => {
    const old = await start('2.10.5');
    const api = connect(old.url);
    await api.read(ID, anySignal());
    await old.stop();
    await start('3.3.2', Number(new URL(old.url).port));
    await expectFailure(api.read(ID, anySignal()), 'StoreRequestRejected', SECRETS);
    assert.equal((await api.read(ID, anySignal()))?.id, ID);
    assert.equal(await api.check(anySignal()), 'version 3.3.2');
  });

  it('detects the other version after a downgrade, when the 404 response is an HTML page', async () => {
    const newer = await start('3.3.2');
    const api = connect(newer.url);
    await api.read(ID, anySignal());
    await newer.stop();
    await start('2.10.5', Number(new URL(newer.url).port));
    await expectFailure(api.read(ID, anySignal()), 'StoreUnavailable', SECRETS);
    assert.equal((await api.read(ID, anySignal()))?.id, ID);
  });

  it('does not detect the version again after a server error', async () => {
    const standIn = await start('3.3.2');
    const api = connect(standIn.url);
    await api.read(ID, anySignal());
    for (const status of [500, 502, 503, 504]) {
      standIn.setFault(() => ({ status, body: 'failed' }));
      await expectFailure(api.read(ID, anySignal()), 'StoreUnavailable', SECRETS);
    }
    standIn.setFault(undefined);
    await api.read(ID, anySignal());
    assert.equal(paths(standIn).filter((path) => path.endsWith('/version')).length, 1);
  });

  it('does not detect the version again after a conflict in the database', async () => {
    const standIn = await start('3.3.2');
    const api = connect(standIn.url);
    await api.read(ID, anySignal());
    standIn.setFault(() => ({ status: 409, body: JSON.stringify({ detail: 'Data too long' }) }));
    for (let count = 0; count < 3; count += 1) {
      const written = api.write([dockerConnection()], new Secret(TOKEN), anySignal());
      await expectFailure(written, 'StoreRequestRejected', SECRETS);
    }
    assert.equal(paths(standIn).filter((path) => path.endsWith('/version')).length, 1);
  });

  it('does not detect the version again after a bulk request to Airflow 2, which does not support it', async () => {
    const standIn = await start('2.10.5');
    const api = connect(standIn.url);
    const both = [dockerConnection(), dockerConnection({ id: OTHER_ID })];
    for (let count = 0; count < 3; count += 1) {
      await expectFailure(api.write(both, new Secret(TOKEN), anySignal()), 'StoreRequestRejected', SECRETS);
    }
    assert.deepEqual(paths(standIn), ['GET /api/v2/version', 'GET /api/v1/version']);
  });

  it('reads again after a restart of the API server', async () => {
    const old = await start('3.3.2');
    const api = connect(old.url);
    await api.read(ID, anySignal());
    await old.stop();
    await expectFailure(api.read(ID, anySignal()), 'StoreUnreachable', SECRETS);
    // The new server has a different JWT secret.
    await start('3.3.2', Number(new URL(old.url).port));
    assert.equal((await api.read(ID, anySignal()))?.id, ID);
  });

  for (const { title, invalidate } of [
    { title: 'expires', invalidate: (standIn: AirflowStandIn) => standIn.expireSessions() },
    {
      title: 'was signed with a secret that Airflow has changed',
      invalidate: (standIn: AirflowStandIn) => standIn.rotateJwtSecret(),
    },
  ] as const) {
    it(`logs in once when the JWT ${title} during concurrent bulk requests`, async () => {
      const standIn = await start('3.3.2');
      const api = connect(standIn.url);
      const both = [dockerConnection(), dockerConnection({ id: OTHER_ID })];
      const write = (): Promise<unknown> => api.write(both, new Secret(TOKEN), anySignal());
      await write();
      invalidate(standIn);
      const outcomes = await Promise.all(Array.from({ length: 20 }, write));
      assert.deepEqual(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size, 1);
      assert.deepEqual(
        outcomes[0],
        both.map(({ id }) => ({ id, outcome: 'written' })),
      );
      assert.equal(paths(standIn).filter((path) => path === 'POST /auth/token').length, 2);
    });
  }

  describe('with another server', () => {
    let server: LocalServer;
    let answer: Answer;

    beforeEach(async () => {
      answer = (_request, response) => answerHtml(response, 404);
      server = await startServer((request, response) => answer(request, response));
    });
    afterEach(() => server.close());

    it('names both paths when neither API exists, and allows a retry', async () => {
      const { message } = await expectFailure(connect(server.url).check(anySignal()), 'StoreUnavailable', []);
      assert.match(
        message,
        /^Airflow main: 404 on GET version: neither \/api\/v2\/version nor \/api\/v1\/version/,
      );
    });

    it('detects Airflow once an ingress that responded with 404 forwards to it', async () => {
      const api = connect(server.url);
      await expectFailure(api.check(anySignal()), 'StoreUnavailable', []);
      answer = (_request, response) => answerJson(response, 200, { version: '3.3.2' });
      assert.equal(await api.check(anySignal()), 'version 3.3.2');
    });

    it('names the proxy when the version requires a login', async () => {
      answer = (_request, response) => answerJson(response, 401, { detail: 'Not authenticated' });
      const { message } = await expectFailure(connect(server.url).check(anySignal()), 'StoreUnavailable', []);
      assert.equal(
        message,
        'Airflow main: 401 on GET version: this 401 is not from Airflow; check for a proxy in front of it',
      );
    });

    it('reports a proxy that forwards the API, but not the login', async () => {
      answer = (request, response) =>
        request.path === '/api/v2/version'
          ? answerJson(response, 200, { version: '3.3.2' })
          : answerHtml(response, 404);
      const { message } = await expectFailure(
        connect(server.url).read(ID, anySignal()),
        'StoreUnavailable',
        SECRETS,
      );
      assert.equal(
        message,
        'Airflow main: 404 on login: Airflow 3.3.2 responds, but /auth/token does not exist; check that the proxy forwards /auth',
      );
    });

    for (const version of ['1.10.15', '4.0.0']) {
      it(`does not support Airflow ${version}`, async () => {
        answer = (_request, response) => answerJson(response, 200, { version });
        const reading = connect(server.url).check(anySignal());
        const { message } = await expectFailure(reading, 'StoreRequestRejected', []);
        assert.ok(message.includes(`Airflow ${version} is not supported`));
      });
    }

    it('rejects an HTML page instead of the version', async () => {
      answer = (_request, response) => answerHtml(response, 200);
      await expectFailure(connect(server.url).check(anySignal()), 'StoreUnavailable', []);
    });
  });
});
