// Airflow behavior that a naive client would mishandle, on real Airflow instances: responses that look like success,
// connections and logins that change during a run, an API server that is killed. Compares rows and decrypted passwords.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteConnection } from '../support/airflow/rest.js';
import { narrowPasswordColumn, corruptPassword, stallUpdate } from '../support/airflow/fault-injection.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { findPython } from '../../sandbox/python-tools.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { ConnectionStore } from '../../src/stores/port.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { createAirflowStore } from '../../src/stores/airflow/airflow-store.js';
import { createHttpClient } from '../../src/net/http.js';
import { Secret } from '../../src/log/secret.js';
import {
  assertWritten,
  ECR_HOST,
  readRows,
  seed,
  startPlaces,
  type Place,
  type Places,
  type Rows,
} from './airflow-edge-cases/places.js';
import {
  actBeforeBulk,
  actBeforeWrites,
  isBulk,
  toFailureRows,
  type Run,
} from './airflow-edge-cases/runs.js';
import { assertFailsFromStart, assertUnreadable } from './airflow-edge-cases/unreadable.js';
import { skipOrFail } from '../support/skip-or-fail.js';

const OTHER_SECRET =
  'another secret of the API server, with at least the 64 characters that Airflow requires';
const LOGIN_PATH = '/auth/token';
/** This is long enough for a request on a busy machine, and short enough to wait for. */
const JWT_LIFE_S = 6;

describe('Airflow edge cases', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  let aws: AwsStandIn;
  let places: Places;
  let newest: Place;

  before(async function () {
    await findPython(12).catch((error: Error) => skipOrFail(this, error.message));
    aws = stops.add(await startAwsStandIn());
    places = stops.add(await startPlaces());
    ({ newest } = places);
  });

  after(() => stops.stopAll());

  const token = () => aws.issued.at(-1)?.password;

  const onAll = (more: readonly string[]): Run => ({ places, aws, where: places.all, more });
  const onNewest = (more: readonly string[]): Run => ({ places, aws, where: [newest], more });

  it('reports a connection deleted before the bulk request arrives, and writes the others', async () => {
    await seed(newest.airflow, 'vanishing');
    const before = await readRows(newest, newest.usual);
    const start = newest.proxy.requests.length;
    const report = await actBeforeBulk(onNewest(['vanishing']), () =>
      deleteConnection(newest.airflow, 'vanishing'),
    );
    assert.deepEqual(toFailureRows(report, newest), [
      [newest.usual.length],
      ['ConnectionMissing', 'vanishing'],
    ]);
    await assertWritten(newest, before, newest.usual, token());
    // Airflow applies nothing of the first request, which has one action for all connections.
    assert.equal(newest.proxy.requests.slice(start).filter(isBulk).length, 2);
  });

  it('does not treat HTTP 200 as success when every connection of the bulk request was deleted', async () => {
    const report = await actBeforeBulk(onNewest([]), async () => {
      for (const id of newest.usual) await deleteConnection(newest.airflow, id);
    });
    assert.equal(newest.proxy.requests.findLast(isBulk)?.status, 200);
    assert.deepEqual(toFailureRows(report, newest), [[0], ['ConnectionMissing', ...newest.usual]]);
    assert.deepEqual(
      Object.values(await readRows(newest, newest.usual)),
      newest.usual.map(() => undefined),
    );
    for (const id of newest.usual) await seed(newest.airflow, id);
  });

  it('restores the type that it read in a bulk write, and reports the new type in a single write', async () => {
    for (const { airflow } of places.all) await seed(airflow, 'converted');
    const report = await actBeforeWrites(onAll(['converted']), async () => {
      for (const { airflow } of places.all) await seed(airflow, 'converted', { conn_type: 'http' });
    });
    for (const place of places.all) {
      const { converted } = await readRows(place, ['converted']);
      const isBulkWrite = place.airflow.version.startsWith('3');
      const type = Buffer.from(isBulkWrite ? 'docker' : 'http')
        .toString('hex')
        .toUpperCase();
      assert.equal(converted?.['conn_type'], `text:${type}`);
      assert.deepEqual(
        toFailureRows(report, place),
        isBulkWrite ? [[place.usual.length + 1]] : [[place.usual.length], ['WriteUnconfirmed', 'converted']],
      );
    }
  });

  it('stores tokens of 6,000 and 16,000 characters without truncation', async () => {
    for (const tokenLength of [6_000, 16_000]) {
      const generous = stops.add(await startAwsStandIn({ tokenLength }));
      const before = await Promise.all(places.all.map((place) => readRows(place, place.usual)));
      const report = await places.refreshOnce(places.all, generous, []);
      assert.deepEqual(report.failures, []);
      const password = generous.issued.at(-1)?.password;
      assert.equal(password?.length, tokenLength);
      await Promise.all(
        places.all.map((place, index) => assertWritten(place, before[index] ?? {}, place.usual, password)),
      );
    }
  });

  it('reports a password column that is too short for the token, and changes nothing', async () => {
    const before = await Promise.all(places.all.map((place) => readRows(place, place.usual)));
    for (const { airflow } of places.all) await narrowPasswordColumn(airflow, 500);
    const report = await places.refreshOnce(places.all, aws, []);
    for (const { airflow } of places.all) await narrowPasswordColumn(airflow, 0);
    assert.equal(report.failures.length, places.all.length);
    for (const { stage, message, remedy } of report.failures) {
      assert.equal(stage, 'update');
      assert.match(message + remedy, /column (of the password )?(may be|is) too short for the token/);
    }
    const after = await Promise.all(places.all.map((place) => readRows(place, place.usual)));
    assert.deepEqual(after, before);
  });

  it('fails only the connection that Airflow cannot decrypt, and names the Fernet key', async () => {
    for (const { airflow } of places.all) await seed(airflow, 'unreadable');
    const before = new Map<Place, Rows>();
    const report = await actBeforeWrites(onAll(['unreadable']), async () => {
      for (const place of places.all) {
        await corruptPassword(place.airflow, 'unreadable');
        before.set(place, await readRows(place, ['unreadable', ...place.usual]));
      }
    });
    for (const [place, rows] of before) {
      assertUnreadable(report, place, 'unreadable');
      assert.deepEqual(await readRows(place, ['unreadable']), { unreadable: rows['unreadable'] });
      await assertWritten(place, rows, place.usual, token());
      await assertFailsFromStart(places, place, 'unreadable');
    }
  });

  it('writes connections one by one when an unreadable connection fails the whole bulk request', async () => {
    await seed(newest.airflow, 'unreadable_later');
    const before = await readRows(newest, newest.usual);
    const report = await actBeforeBulk(onNewest(['unreadable_later']), () =>
      corruptPassword(newest.airflow, 'unreadable_later'),
    );
    assert.equal(newest.proxy.requests.findLast(isBulk)?.status, 500);
    assertUnreadable(report, newest, 'unreadable_later');
    await assertWritten(newest, before, newest.usual, token());
  });

  it('writes all connections in the next run after the API server is killed during a bulk request', async () => {
    const before = await readRows(newest, newest.usual);
    const stalled = await stallUpdate(newest.airflow, newest.usual[5] ?? '');
    const running = places.refreshOnce([newest], aws, []);
    await stalled.reached();
    process.kill(newest.airflow.pid, 'SIGKILL');
    const broken = await running;
    assert.deepEqual(toFailureRows(broken, newest), [[0], ['StoreUnreachable', ...newest.usual]]);
    await stalled.end();
    assert.deepEqual(await readRows(newest, newest.usual), before, 'connections were changed');

    await places.restart(newest);
    const report = await places.refreshOnce([newest], aws, []);
    assert.deepEqual(report.failures, []);
    await assertWritten(newest, before, newest.usual, token());
  });

  describe('with a rotated JWT secret and short-lived JWTs', () => {
    let kept: ConnectionStore;

    before(async () => {
      kept = await createLoggedInStore();
      await places.restart(newest, {
        AIRFLOW__API_AUTH__JWT_SECRET: OTHER_SECRET,
        AIRFLOW__API_AUTH__JWT_EXPIRATION_TIME: `${JWT_LIFE_S}`,
        AIRFLOW__API_AUTH__JWT_LEEWAY: '0', // default: 10 s, which would only make the test slower
      });
    });

    /** The product's store. Its clock stands still, so only a response of Airflow can show that a JWT has expired. */
    async function createLoggedInStore(): Promise<ConnectionStore> {
      const { username, password } = newest.airflow.users.worker;
      const auth = { kind: 'password', username, readPassword: () => new Secret(password) } as const;
      const http = createHttpClient({ version: 'test' });
      const { url } = newest.proxy;
      const now = () => 0;
      const api = createAirflowStore({
        name: 'kept',
        url,
        auth,
        version: 3,
        headers: [],
        http,
        aws: new AwsSessions(),
        now,
      });
      assert.ok(await api.read('usual_0', AbortSignal.timeout(30_000)));
      return api;
    }

    /** Writes several connections in parallel when Airflow no longer accepts the store's JWT. */
    async function writeWithRejectedJwt(
      api: ConnectionStore,
      password: string,
      rejectionStatus: number,
    ): Promise<void> {
      const ids = newest.usual.slice(0, 4);
      const before = await readRows(newest, ids);
      const start = newest.proxy.requests.length;
      const others = { type: 'docker', host: ECR_HOST, login: 'AWS', port: null, schema: null };
      const write = (id: string) => {
        const connection = { ...others, id, extra: null, description: null };
        return api.write([connection], new Secret(password), AbortSignal.timeout(30_000));
      };
      await Promise.all(ids.map(write));
      const requests = newest.proxy.requests.slice(start);
      const statuses = requests.map(({ path, status }) => (path === LOGIN_PATH ? 'login' : String(status)));
      // With 403, another API server may have signed the JWT: it is sent three times.
      const rejected = Array<string>(rejectionStatus === 403 ? 3 : 1).fill(String(rejectionStatus));
      const expected = ids.flatMap(() => ['200', ...rejected]);
      assert.deepEqual(statuses.toSorted(), [...expected, 'login'].toSorted());
      await assertWritten(newest, before, ids, password);
    }

    it('logs in once more for all requests rejected after the rotation, and writes', async () => {
      await writeWithRejectedJwt(kept, 'after the rotation', 403);
    });

    it('continues with one new login when the JWT expires during a run', async () => {
      const other = await createLoggedInStore();
      const before = await readRows(newest, newest.usual);
      const start = newest.proxy.requests.length;
      const report = await actBeforeWrites(onNewest([]), untilLastJwtHasExpired);
      assert.deepEqual(report.failures, []);
      await assertWritten(newest, before, newest.usual, token());
      const requests = newest.proxy.requests.slice(start);
      assert.equal(requests.filter(({ path }) => path === LOGIN_PATH).length, 2);
      const rejected = requests.filter(({ status }) => status === 401);
      assert.ok(rejected.length > 0, 'the expired JWT was not sent');
      assert.ok(rejected.every(isBulk), 'a request other than a bulk write was rejected');

      await writeWithRejectedJwt(other, 'after the expiry', 401);
    });

    /** Waits for the JWT of the newest request: the command's, which expires after the store's. */
    async function untilLastJwtHasExpired(): Promise<void> {
      const authorization = newest.proxy.requests.findLast((one) => one.authorization)?.authorization;
      assert.ok(authorization);
      const url = `${newest.airflow.url}/api/v2/connections/usual_0`;
      const deadline = performance.now() + 30_000;
      while ((await fetch(url, { headers: { authorization } })).status !== 401) {
        assert.ok(performance.now() < deadline, 'the JWT did not expire');
        await sleep(200);
      }
      // A JWT's times are rounded down to whole seconds. Airflow's default leeway would cover that.
      await sleep(1_000);
    }
  });
});
