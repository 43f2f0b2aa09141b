import assert from 'node:assert/strict';
import { create, type AxiosInstance, type AxiosResponse } from 'axios';
import { readConnection, seedConnection } from '../../sandbox/airflow/rest.js';
import { startAirflowStandIn, type AirflowStandIn } from './airflow-stand-in.js';

/** The expected statuses and bodies were compared with those of Airflow 3.3.2. */
describe('Airflow stand-in', () => {
  let airflow: AirflowStandIn;
  let http: AxiosInstance;

  beforeEach(async () => {
    airflow = await startAirflowStandIn({
      users: [
        { username: 'op', password: 'op-password', role: 'op' },
        { username: 'viewer', password: 'viewer-password', role: 'viewer' },
        { username: 'editor', password: 'editor-password', role: 'editor' },
      ],
      connections: [
        {
          connection_id: 'docker_default',
          conn_type: 'docker',
          host: 'registry.example.com',
          login: 'AWS',
          password: 'old',
          extra: '{"email":"ops@example.com","api_key":"hidden"}',
        },
        { connection_id: 'other', conn_type: 'http' },
      ],
    });
    http = create({ baseURL: airflow.url, validateStatus: () => true, proxy: false });
    await logIn('op');
  });

  afterEach(() => airflow.stop());

  async function logIn(username: string): Promise<void> {
    const { data } = await http.post('/auth/token', { username, password: `${username}-password` });
    http.defaults.headers.common['Authorization'] =
      `Bearer ${(data as { access_token: string }).access_token}`;
  }

  function expectResponse(answer: AxiosResponse, status: number, body: unknown): void {
    assert.equal(answer.status, status);
    assert.deepEqual(answer.data, body);
  }

  const one = '/api/v2/connections/docker_default';
  const update = { connection_id: 'docker_default', conn_type: 'docker' };
  const stored = () => airflow.connections.get('docker_default');

  it('returns a session token with its lifetime in the claims', async () => {
    const answer = await http.post('/auth/token', { username: 'op', password: 'op-password' });
    assert.equal(answer.status, 201);
    const { access_token } = answer.data as { access_token: string };
    const claims = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString()) as {
      exp: number;
      iat: number;
    };
    assert.equal(claims.exp - claims.iat, 86_400);
  });

  it('rejects a wrong password', async () => {
    const answer = await http.post('/auth/token', { username: 'op', password: 'wrong' });
    expectResponse(answer, 401, { detail: 'Invalid credentials' });
  });

  it('distinguishes missing, expired and invalid sessions', async () => {
    const anonymous = { headers: { Authorization: null } };
    expectResponse(await http.get(one, anonymous), 401, { detail: 'Not authenticated' });
    airflow.expireSessions();
    expectResponse(await http.get(one), 401, { detail: 'Token Expired' });
    await logIn('op');
    airflow.rotateJwtSecret();
    expectResponse(await http.get(one), 403, { detail: 'Invalid JWT token' });
  });

  it('denies requests that the role does not allow', async () => {
    await logIn('viewer');
    expectResponse(await http.get(one), 403, { detail: 'Forbidden' });
    await logIn('editor');
    expectResponse(await http.get(one), 403, { detail: 'Forbidden' });
    assert.equal(
      (await http.patch(`${one}?update_mask=password`, { ...update, password: 'new' })).status,
      200,
    );
  });

  it('masks the secrets of a connection', async () => {
    expectResponse(await http.get(one), 200, {
      connection_id: 'docker_default',
      conn_type: 'docker',
      description: null,
      host: 'registry.example.com',
      login: 'AWS',
      schema: null,
      port: null,
      password: '***',
      extra: '{"email": "ops@example.com", "api_key": "***"}',
      team_name: null,
    });
  });

  it('returns 404 with the connection id for an unknown connection', async () => {
    const detail = 'The Connection with connection_id: `nope` was not found';
    expectResponse(await http.get('/api/v2/connections/nope'), 404, { detail });
  });

  it('changes only the field in update_mask', async () => {
    const body = { ...update, conn_type: 'ZZZ', host: 'EVIL', password: 'new' };
    assert.equal((await http.patch(`${one}?update_mask=password`, body)).status, 200);
    assert.deepEqual(
      [stored()?.password, stored()?.host, stored()?.conn_type],
      ['new', 'registry.example.com', 'docker'],
    );
  });

  it('changes nothing and returns 200 when update_mask is a comma-separated list', async () => {
    const body = { ...update, password: 'new', login: 'EVIL' };
    assert.equal((await http.patch(`${one}?update_mask=password,login`, body)).status, 200);
    assert.deepEqual([stored()?.password, stored()?.login], ['old', 'AWS']);
  });

  it('changes all given fields without update_mask', async () => {
    await http.patch(one, { ...update, password: 'new' });
    assert.deepEqual([stored()?.password, stored()?.host], ['new', 'registry.example.com']);
  });

  for (const password of ['', null, '***']) {
    it(`keeps the old password and returns 200 for the password ${JSON.stringify(password)}`, async () => {
      assert.equal((await http.patch(`${one}?update_mask=password`, { ...update, password })).status, 200);
      assert.equal(stored()?.password, 'old');
    });
  }

  it('repeats the password when it rejects a body', async () => {
    const input = { connection_id: 'docker_default', password: 'SECRET' };
    expectResponse(await http.patch(`${one}?update_mask=password`, input), 422, {
      detail: [{ type: 'missing', loc: ['body', 'conn_type'], msg: 'Field required', input }],
    });
  });

  it('rejects a connection id that does not match the URL', async () => {
    expectResponse(await http.patch(one, { ...update, connection_id: 'other' }), 400, {
      detail: 'The connection_id in the request body does not match the URL parameter',
    });
  });

  it('creates a connection, and returns 409 if it exists', async () => {
    const body = { connection_id: 'new', conn_type: 'docker', password: 'p' };
    assert.equal((await http.post('/api/v2/connections', body)).status, 201);
    assert.equal(airflow.connections.get('new')?.password, 'p');
    assert.equal((await http.post('/api/v2/connections', body)).status, 409);
  });

  it('lists at most 100 connections per page', async () => {
    for (let i = 0; i < 150; i += 1) {
      const id = `c${i}`;
      airflow.connections.set(id, { ...airflow.connections.get('other')!, connection_id: id });
    }
    const { data } = await http.get<{ connections: object[]; total_entries: number }>(
      '/api/v2/connections?limit=1000&offset=2',
    );
    assert.deepEqual([data.connections.length, data.total_entries], [100, 152]);
  });

  for (const { pattern, found } of [
    { pattern: 'docker_%', found: ['docker_default', 'dockerXdefault'] },
    { pattern: 'DEFAULT', found: ['docker_default', 'dockerXdefault'] },
    { pattern: 'X%t', found: ['dockerXdefault'] },
    { pattern: 'oth%| X', found: ['dockerXdefault', 'other'] },
    { pattern: 'docker\\_default', found: [] },
    { pattern: '~', found: ['docker_default', 'dockerXdefault', 'other'] },
    { pattern: 'none|~', found: [] },
  ] as const) {
    it(`finds the connections whose id contains the ILIKE pattern ${pattern}`, async () => {
      const first = airflow.connections.get('other')!;
      airflow.connections.set('dockerXdefault', { ...first, connection_id: 'dockerXdefault' });
      const params = { connection_id_pattern: pattern, limit: 2 };
      const { data } = await http.get('/api/v2/connections', { params });
      const { connections, total_entries: total } = data as {
        connections: readonly { connection_id: string }[];
        total_entries: number;
      };
      assert.equal(total, found.length);
      assert.ok(connections.every(({ connection_id: id }) => (found as readonly string[]).includes(id)));
      assert.equal(connections.length, Math.min(2, found.length));
    });
  }

  it('rejects a list filter as Airflow 2', async () => {
    const old = await startAirflowStandIn({ version: '2.10.5' });
    const authorization = `Basic ${Buffer.from('op:op').toString('base64')}`;
    const url = `${old.url}/api/v1/connections?limit=1&connection_id_pattern=a`;
    const { status } = await fetch(url, { headers: { authorization } });
    assert.equal(status, 400);
    await old.stop();
  });

  it('runs the actions of a bulk request one by one, and returns 200 even if some fail', async () => {
    const action = (id: string) => ({
      action: 'update',
      action_on_non_existence: 'fail',
      entities: [{ connection_id: id, conn_type: 'docker', password: 'bulk' }],
    });
    const body = { actions: [action('docker_default'), action('missing')] };
    expectResponse(await http.patch('/api/v2/connections', body), 200, {
      create: null,
      update: {
        success: ['docker_default'],
        errors: [
          {
            error: "The connections with these connection_ids: {'missing'} were not found.",
            status_code: 404,
          },
        ],
      },
      delete: null,
    });
    assert.deepEqual([stored()?.password, stored()?.host], ['bulk', 'registry.example.com']);
  });

  it('rejects a whole bulk request because of one entity without type, and lists each error twice', async () => {
    const entity = { connection_id: 'docker_default', password: 'SECRET' };
    const answer = await http.patch('/api/v2/connections', {
      actions: [{ action: 'update', entities: [{ ...entity, conn_type: 'docker' }, entity] }],
    });
    assert.equal(answer.status, 422);
    assert.equal((answer.data as { detail: unknown[] }).detail.length, 2);
    assert.match(JSON.stringify(answer.data), /SECRET/);
    assert.equal(stored()?.password, 'old');
  });

  it('fails the requests that a test selects', async () => {
    airflow.setFault(({ method }) =>
      method === 'PATCH'
        ? { status: 503, body: 'upstream is down', headers: { 'Retry-After': '7' } }
        : undefined,
    );
    const answer = await http.patch(one, update);
    assert.deepEqual(
      [answer.status, answer.data, answer.headers['retry-after']],
      [503, 'upstream is down', '7'],
    );
    assert.equal((await http.get(one)).status, 200);
    airflow.setFault(() => ({ drop: true }));
    await assert.rejects(http.get(one), { code: 'ECONNRESET' });
  });

  it('records every request', async () => {
    await http.patch(`${one}?update_mask=password`, { ...update, password: 'new' });
    const last = airflow.requests.at(-1);
    assert.deepEqual(
      [last?.method, last?.path, last?.query.getAll('update_mask'), last?.status],
      ['PATCH', one, ['password'], 200],
    );
    assert.deepEqual(last?.body, { ...update, password: 'new' });
  });

  it('replaces a seeded connection completely', async () => {
    const login = { url: airflow.url, username: 'op', password: 'op-password' };
    await seedConnection(login, { connection_id: 'docker_default', conn_type: 'docker', login: 'AWS' });
    assert.deepEqual([stored()?.password, stored()?.host, stored()?.login], [null, null, 'AWS']);
    assert.equal((await readConnection(login, 'docker_default'))?.['login'], 'AWS');
    assert.equal(await readConnection(login, 'nope'), undefined);
  });
});
