// Ten thousand connections of one Airflow, matched by a pattern: each is written once, with few requests, in a run
// whose history, report and payloads stay within the limits of Temporal.
import assert from 'node:assert/strict';
import type { AirflowRequest } from '../support/airflow-stand-in.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { seedConnections, startFixture, type Fixture } from './every-failure/fixture.js';
import { assertWithinLimits, measureRun, startManyRun } from './many-run.js';

const COUNT = 10_000;
const ID = /^many_\d{5}$/;

/** Requests to the Airflow stand-in, counted by kind. */
interface Traffic {
  readonly logins: number;
  readonly lists: number;
  readonly gets: number;
  readonly singleWrites: number;
  /** Requests that neither log in nor read or write connections, such as for the version. */
  readonly others: number;
  /** Ids in each bulk request, and bytes of its body. */
  readonly bulks: readonly { readonly ids: readonly string[]; readonly bytes: number }[];
  readonly passwords: ReadonlySet<string>;
}

interface BulkAction {
  readonly entities: readonly { readonly connection_id: string; readonly password: string }[];
}

describe(`${COUNT} connections in one Airflow`, function () {
  this.timeout(300_000);
  let fixture: Fixture;

  before(async () => {
    fixture = await startFixture();
    seedConnections(fixture);
    for (let index = 0; index < COUNT; index += 1) {
      const connection_id = `many_${String(index).padStart(5, '0')}`;
      fixture.airflow.connections.set(connection_id, {
        connection_id,
        conn_type: 'docker',
        description: null,
        host: fixture.registry.host,
        login: 'AWS',
        schema: null,
        port: null,
        password: 'old',
        extra: null,
      });
    }
    fixture.writeConfig({ connections: ['{match: "many_*"}'] });
  });

  after(() => fixture.stop());

  function trafficSince(start: number): Traffic {
    const requests = fixture.airflow.requests.slice(start);
    const count = (matches: (request: AirflowRequest) => boolean): number => requests.filter(matches).length;
    const bulks = requests.filter(({ method, path }) => method === 'PATCH' && path === '/api/v2/connections');
    const entities = bulks.map(({ body }) =>
      (body as { actions: readonly BulkAction[] }).actions.flatMap((action) => action.entities),
    );
    const isAboutConnections = ({ method, path }: AirflowRequest): boolean =>
      method !== 'POST' && path.startsWith('/api/v2/connections');
    return {
      others: count((request) => request.path !== '/auth/token' && !isAboutConnections(request)),
      logins: count(({ path }) => path === '/auth/token'),
      lists: count(({ method, path }) => method === 'GET' && path === '/api/v2/connections'),
      gets: count(({ method, path }) => method === 'GET' && path.startsWith('/api/v2/connections/')),
      singleWrites: count(
        ({ method, path }) => method === 'PATCH' && path.startsWith('/api/v2/connections/'),
      ),
      bulks: bulks.map(({ body }, index) => ({
        ids: (entities[index] ?? []).map(({ connection_id }) => connection_id),
        bytes: Buffer.byteLength(JSON.stringify(body)),
      })),
      passwords: new Set(entities.flat().map(({ password }) => password)),
    };
  }

  function assertWrittenOnce(traffic: Traffic): void {
    const ids = traffic.bulks.flatMap((bulk) => bulk.ids);
    assert.equal(ids.length, COUNT);
    assert.equal(new Set(ids).size, COUNT);
    assert.equal(traffic.singleWrites, 0);
    const [password = ''] = traffic.passwords;
    assert.equal(traffic.passwords.size, 1, 'connections have different tokens');
    assert.equal(fixture.aws.check(password), 'valid');
    for (const connection of fixture.airflow.connections.values()) {
      const isOurs = ID.test(connection.connection_id);
      assert.equal(connection.password === password, isOurs, connection.connection_id);
    }
  }

  function assertFewRequests(traffic: Traffic): void {
    assert.equal(traffic.logins, 1);
    // The list ends at an empty page: its total is not trusted.
    assert.equal(traffic.lists, COUNT / 100 + 1);
    assert.equal(traffic.gets, 0, 'connections were read individually');
    assert.ok(traffic.others <= 3, `${traffic.others} other requests`);
    assert.equal(traffic.bulks.length, COUNT / 100);
    assert.ok(Math.max(...traffic.bulks.map(({ ids }) => ids.length)) <= 100);
    assert.ok(Math.max(...traffic.bulks.map(({ bytes }) => bytes)) <= 512 * 1024);
  }

  function printSummary(what: string, startedAt: number, traffic: Traffic, more = ''): void {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const { lists, gets, bulks, others } = traffic;
    const largest = Math.max(0, ...bulks.map(({ bytes }) => bytes));
    process.stderr.write(
      `    ${what}: ${seconds} s, ${lists} list pages, ${gets} GETs, ${bulks.length} bulk requests of at most ${largest} bytes, ${others} other requests${more}\n`,
    );
  }

  it('writes each connection exactly once with one token in refresh-once', async () => {
    const [start, startedAt] = [fixture.airflow.requests.length, performance.now()];
    const { code, stdout, stderr } = await fixture.command(['refresh-once', '--json']);
    const traffic = trafficSince(start);
    printSummary('refresh-once', startedAt, traffic);
    assert.equal(code, 0, stdout.slice(0, 2000) + stderr);
    const report = JSON.parse(stdout) as RefreshReport;
    assert.deepEqual([report.stores[0]?.refreshed, report.failures], [COUNT, []]);
    assertWrittenOnce(traffic);
    assertFewRequests(traffic);
  });

  it('writes each connection exactly once in a Temporal run, within the limits of Temporal', async () => {
    const worker = await fixture.startWorker('many');
    const [start, startedAt] = [fixture.airflow.requests.length, performance.now()];
    const run = await measureRun(fixture, worker, await startManyRun(fixture.client, 'main'));
    const traffic = trafficSince(start);
    printSummary('Temporal', startedAt, traffic, `; the run: ${run.summary}`);
    assertWithinLimits(run, COUNT);
    assertWrittenOnce(traffic);
    assertFewRequests(traffic);
    await worker.stop();
  });
});
