import assert from 'node:assert/strict';
import { Secret } from '../../../src/log/secret.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import {
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

describe('lists, variables and new connections of Airflow 3', () => {
  let airflow: AirflowStandIn;
  let server: LocalServer;
  let answer: Answer;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    airflow = await startAirflowStandIn({ users: [{ username: 'op', password: PASSWORD, role: 'op' }] });
    server = await startServer((request, response) => answer(request, response));
  });
  afterEach(async () => {
    restore();
    await Promise.all([airflow.stop(), server.close()]);
  });

  it('fills a page from several of an Airflow that holds less in one', async () => {
    const all = Array.from({ length: 130 }, (_, i) => ({ connection_id: `c${i}`, conn_type: 'docker' }));
    answer = (request, response) => {
      const query = new URL(request.path, server.url).searchParams;
      const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))];
      const connections = all.slice(offset, offset + Math.min(limit, 30));
      answerJson(response, 200, { connections, total_entries: all.length });
    };
    const auth = { kind: 'token', readToken: () => new Secret('mine') } as const;
    const api = connect(server.url, { auth, version: 3 });
    const first = await api.readPage(0, anySignal());
    const second = await api.readPage(1, anySignal());
    const ids = [...first.connections, ...second.connections].map(({ id }) => id);
    assert.deepEqual(
      ids,
      all.map(({ connection_id: id }) => id),
    );
    assert.deepEqual([first.connections.length, first.hasMore, second.hasMore], [100, true, false]);
  });

  it('ends a list that shrinks while it is read', async () => {
    answer = (_request, response) => answerJson(response, 200, { connections: [], total_entries: 500 });
    const auth = { kind: 'token', readToken: () => new Secret('mine') } as const;
    const page = await connect(server.url, { auth, version: 3 }).readPage(1, anySignal());
    assert.deepEqual(page, { connections: [], hasMore: false });
  });

  it('reads a variable; undefined when there is none', async () => {
    airflow.variables.set('ecr_aws_account', '123456789012');
    const api = connect(airflow.url);
    assert.equal(await api.readVariable('ecr_aws_account', anySignal()), '123456789012');
    assert.equal(await api.readVariable('nope', anySignal()), undefined);
  });

  it('makes a connection whole, and leaves one that is there', async () => {
    const api = connect(airflow.url);
    const connection = { id: 'new', host: 'registry.example.com', description: 'made' };
    const create = (): Promise<string> => api.create(connection, new Secret(TOKEN), anySignal());
    assert.deepEqual((await Promise.all([create(), create()])).sort(), ['created', 'exists']);
    assert.deepEqual(airflow.connections.get('new'), {
      connection_id: 'new',
      conn_type: 'docker',
      host: 'registry.example.com',
      login: 'AWS',
      description: 'made',
      password: TOKEN,
      schema: null,
      port: null,
      extra: null,
    });
  });

  it('never creates a connection with an empty password', async () => {
    const connection = { id: 'new', host: 'registry.example.com', description: 'made' };
    const creating = connect(airflow.url).create(connection, new Secret(''), anySignal());
    await expectFailure(creating, 'EcrResponseInvalid', SECRETS);
    assert.equal(airflow.connections.has('new'), false);
  });

  it('does not show the password that a refused creation echoes', async () => {
    const connection = { id: 'bad id!', host: 'registry.example.com', description: 'made' };
    const creating = connect(airflow.url).create(connection, new Secret(TOKEN), anySignal());
    await expectFailure(creating, 'StoreRequestRejected', SECRETS);
  });
});
