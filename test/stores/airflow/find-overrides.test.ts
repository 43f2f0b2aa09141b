import assert from 'node:assert/strict';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import type { AirflowOptions } from '../../../src/stores/airflow/airflow-store.js';
import { Secret } from '../../../src/log/secret.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  assertHides,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../../support/local-server.js';
import { connect as connectStore } from './connect.js';

const HOST = 'registry.example.com';
const TOKEN = 'bearer-that-must-not-show';
const NOTHING = { backends: [], hidden: [] };
const BACKEND = '/config/section/secrets/option/backend';
const WORKERS = '/config/section/workers/option/secrets_backend';
const TEST = '/connections/test';

/** Bodies recorded from Airflow 3.3.2. */
const NOT_EXPOSED = {
  detail:
    'Your Airflow administrator chose not to expose the configuration, most likely for security reasons.',
};
const TESTS_DISABLED = {
  detail:
    'Testing connections is disabled in Airflow configuration. Contact your deployment admin to enable it.',
};
const DIFFERENT = {
  detail:
    'The host or port to test differs from the stored connection. Include the credentials to test in the request body.',
};
const UNKNOWN_TYPE = { status: false, message: 'Unknown hook type "airflow-ecr-refresh"' };

function option(key: string, value: string): object {
  return { sections: [{ name: 'secrets', options: [{ key, value }] }] };
}

describe('AirflowStore.findOverrides', () => {
  let server: LocalServer;
  let restore = (): void => {};
  /** Status and body by path; any other path is an unknown route. */
  let answers: Record<string, readonly [status: number, body: unknown]>;
  /** Hosts by id, as Airflow resolves them; undefined when it does not compare. */
  let resolved: Map<string, string> | undefined;
  let test: Answer;

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    answers = { [BACKEND]: [403, NOT_EXPOSED] };
    resolved = new Map();
    test = (request, response) => {
      const { connection_id: id, host } = JSON.parse(request.body) as Record<string, string>;
      const stored = resolved?.get(id ?? '');
      if (stored !== undefined && stored !== host) answerJson(response, 400, DIFFERENT);
      else answerJson(response, 200, UNKNOWN_TYPE);
    };
    server = await startServer((request, response) => {
      const path = request.path.replace(/^\/api\/v[12]/, '');
      const [status, body] = answers[path] ?? [404, { error: 'API route not found' }];
      if (path === TEST && !(TEST in answers)) test(request, response);
      else answerJson(response, status, body);
    });
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  function connect(version: AirflowOptions['version'] = 3): AirflowStore {
    const auth = { kind: 'token', readToken: () => new Secret(TOKEN) } as const;
    return connectStore(server.url, { auth, version });
  }

  function paths(): string[] {
    return server.requests.map(({ method, path }) => `${method} ${path.replace(/^\/api\/v[12]/, '')}`);
  }

  it('finds nothing when Airflow shows no configuration and tests no connections', async () => {
    answers[TEST] = [403, TESTS_DISABLED];
    const candidates = ['a', 'b'].map((id) => ({ id, host: HOST }));
    assert.deepEqual(await connect().findOverrides(candidates, anySignal()), NOTHING);
    assert.deepEqual(paths(), [`GET ${BACKEND}`, `POST ${TEST}`]);
  });

  it('names only the classes of the secrets backends of API server and workers, each once', async () => {
    answers[TEST] = [403, TESTS_DISABLED];
    answers[BACKEND] = [200, option('backend', 'airflow.providers.hashicorp.secrets.vault.VaultBackend')];
    answers[WORKERS] = [200, option('secrets_backend', ' mine.VaultBackend ')];
    const api = connect();
    assert.deepEqual((await api.findOverrides([], anySignal())).backends, ['VaultBackend']);
    answers[WORKERS] = [200, option('secrets_backend', 'LocalBackend')];
    assert.deepEqual((await api.findOverrides([], anySignal())).backends, ['VaultBackend', 'LocalBackend']);
    assert.ok(!paths().some((path) => path.includes('kwargs')));
  });

  it('does not show a setting that is not a class', async () => {
    answers[BACKEND] = [200, option('backend', `VaultBackend token=${TOKEN}`)];
    const found = await connect().findOverrides([], anySignal());
    assert.deepEqual(found.backends, ['class not shown']);
    assertHides(found, [TOKEN]);
  });

  it('finds nothing when no backend is set, or the response has an unexpected shape', async () => {
    for (const body of [option('backend', ''), { sections: [] }, { sections: 'VaultBackend' }, null]) {
      answers[BACKEND] = [200, body];
      assert.deepEqual(await connect().findOverrides([], anySignal()), NOTHING);
    }
  });

  it('finds connections with a different host in another source, and those only in another source', async () => {
    resolved = new Map([
      ['plain', HOST],
      ['overridden', 'other.example.com'],
      ['elsewhere', HOST],
    ]);
    const stored = ['plain', 'overridden'].map((id) => ({ id, host: HOST }));
    const missing = ['elsewhere', 'gone'].map((id) => ({ id, host: null }));
    const found = await connect().findOverrides([...stored, ...missing], anySignal());
    assert.deepEqual(found.hidden, ['overridden', 'elsewhere']);
  });

  it('sends no password, and a type that no hook has', async () => {
    resolved = new Map([['plain', HOST]]);
    const missing = { id: 'gone', host: null };
    await connect().findOverrides([{ id: 'plain', host: HOST }, missing], anySignal());
    const bodies = server.requests.filter(({ path }) => path.endsWith(TEST)).map(({ body }) => body);
    assert.deepEqual(
      bodies.map((body) => JSON.parse(body) as unknown),
      [
        { connection_id: 'plain', host: 'airflow-ecr-refresh.invalid' },
        { connection_id: 'plain', host: HOST },
        { connection_id: 'gone', host: 'airflow-ecr-refresh.invalid' },
      ].map((body) => ({ ...body, conn_type: 'airflow-ecr-refresh' })),
    );
  });

  it('sends one request instead of one per connection when Airflow does not compare', async () => {
    resolved = undefined;
    const many = Array.from({ length: 20 }, (_, index) => ({ id: `id_${index}`, host: HOST }));
    assert.deepEqual(await connect().findOverrides(many, anySignal()), NOTHING);
    assert.deepEqual(paths(), [`GET ${BACKEND}`, `POST ${TEST}`]);
  });

  it('reads only the secrets backend of Airflow 2', async () => {
    answers[BACKEND] = [200, option('backend', 'mine.VaultBackend')];
    const found = await connect(2).findOverrides([{ id: 'a', host: HOST }], anySignal());
    assert.deepEqual(found, { backends: ['VaultBackend'], hidden: [] });
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      [`/api/v1${BACKEND}`],
    );
  });

  for (const { status, body } of [
    { status: 400, body: { detail: 'something else' } },
    { status: 422, body: { detail: [{ msg: DIFFERENT.detail }] } },
    { status: 500, body: DIFFERENT },
  ] as const) {
    it(`finds nothing and sends no further request after ${status} ${JSON.stringify(body).slice(0, 30)}`, async () => {
      answers[TEST] = [status, body];
      const ids = ['a', 'b'].map((id) => ({ id, host: null }));
      const api = connect();
      assert.deepEqual(await api.findOverrides(ids, anySignal()), NOTHING);
      assert.equal(server.requests.length, 2);
    });
  }

  it('returns what it found before Airflow became unreachable, and does not fail', async () => {
    answers[BACKEND] = [200, option('backend', 'mine.VaultBackend')];
    test = (_request, response) => response.destroy();
    const found = await connect().findOverrides([{ id: 'a', host: HOST }], anySignal());
    assert.deepEqual(found, { backends: ['VaultBackend'], hidden: [] });
  });

  it('does not fail when the login is rejected or a proxy responds', async () => {
    answers[BACKEND] = [401, { detail: 'Not authenticated' }];
    assert.deepEqual(await connect().findOverrides([], anySignal()), NOTHING);
    test = (_request, response) => answerHtml(response, 502);
    answers[BACKEND] = [502, null];
    assert.deepEqual(await connect().findOverrides([{ id: 'a', host: HOST }], anySignal()), NOTHING);
  });

  it('returns what it found when the signal fires while Airflow is slow', async () => {
    answers[BACKEND] = [200, option('backend', 'mine.VaultBackend')];
    const controller = new AbortController();
    test = () => controller.abort();
    const found = await connect().findOverrides([{ id: 'a', host: HOST }], controller.signal);
    assert.deepEqual(found, { backends: ['VaultBackend'], hidden: [] });
  });

  it('finds nothing when the version of Airflow cannot be detected', async () => {
    assert.deepEqual(await connect('auto').findOverrides([{ id: 'a', host: HOST }], anySignal()), NOTHING);
  });

  it('uses the version that was detected', async () => {
    answers['/version'] = [200, { version: '3.3.2' }];
    answers['/connections/a'] = [
      200,
      { connection_id: 'a', conn_type: 'docker', host: HOST, login: 'AWS', port: null },
    ];
    resolved = new Map([['a', 'other.example.com']]);
    const api = connect('auto');
    const connection = await api.read('a', anySignal());
    assert.deepEqual(connection, dockerConnection({ id: 'a', host: HOST }));
    assert.deepEqual((await api.findOverrides([{ id: 'a', host: HOST }], anySignal())).hidden, ['a']);
  });
});
