import assert from 'node:assert/strict';
import { TemporalHealth } from '../../../src/temporal/worker/health.js';
import { TemporalUnavailable } from '../../../src/temporal/unavailable.js';
import { captureLog, type CapturedLog } from '../../fakes/captured-log.js';
import { deferred } from '../../fakes/deferred.js';

const DOWN = 'Temporal unavailable; retrying';
const UP = 'Temporal available again';
const REFUSED = new TemporalUnavailable('connection-refused', 'connection refused');
const DENIED = new TemporalUnavailable('permission-denied', 'permission denied');

describe('TemporalHealth', () => {
  let log: CapturedLog;
  let now: number;
  let health: TemporalHealth;
  let calls: number;

  beforeEach(() => {
    log = captureLog('info');
    now = 1_000_000;
    health = new TemporalHealth(log.logger, () => now);
    calls = 0;
  });

  afterEach(() => log.close());

  function check(problem?: TemporalUnavailable): Promise<TemporalUnavailable | undefined> {
    return health.check(() => {
      calls += 1;
      return Promise.resolve(problem);
    });
  }

  /** One failed poll per second, as with about twenty pollers that retry within 12 s, and a check every 5 s. */
  async function failFor(seconds: number, problem?: TemporalUnavailable): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      health.recordFailedCall({ isPoll: true, reason: 'no response' });
      if (second % 5 === 0) await check(problem);
      now += 1000;
    }
  }

  function readLines(): unknown[][] {
    return log.lines().map(({ level, msg, reason, forSeconds, afterSeconds }) => {
      return [level, msg, reason, forSeconds, afterSeconds];
    });
  }

  it('logs an outage with its cause, then the duration once a minute', async () => {
    await failFor(150, REFUSED);
    assert.deepEqual(readLines(), [
      ['warn', DOWN, 'connection refused', undefined, undefined],
      ['warn', DOWN, 'connection refused', 60, undefined],
      ['warn', DOWN, 'connection refused', 120, undefined],
    ]);
    const [first] = log.lines();
    assert.deepEqual([first?.['code'], first?.['remedy']], [REFUSED.code, REFUSED.remedy]);
  });

  it('logs what the SDK reports while the frontend responds and the services behind it fail', async () => {
    await failFor(61);
    assert.deepEqual(readLines(), [
      ['warn', DOWN, 'no response', undefined, undefined],
      ['warn', DOWN, 'no response', 60, undefined],
    ]);
  });

  it('logs the end after Temporal responds and no call has failed for longer than pollers wait', async () => {
    await failFor(20, REFUSED);
    now += 13_900;
    await check();
    assert.equal(readLines().length, 1);
    now += 100;
    await check();
    assert.deepEqual(readLines().slice(1), [['info', UP, undefined, undefined, 34]]);
  });

  it('returns the problem to its caller, and continues the outage', async () => {
    await failFor(1, REFUSED);
    now += 59_000;
    assert.equal(await check(DENIED), DENIED);
    assert.deepEqual(readLines().slice(1), [['warn', DOWN, 'permission denied', 60, undefined]]);
    now += 15_000;
    assert.equal(await check(), undefined);
    assert.equal(readLines().at(-1)?.[1], UP);
  });

  it('continues the outage if a call fails during the check, and runs one check at a time', async () => {
    await failFor(1, REFUSED);
    now += 15_000;
    const response = deferred<undefined>();
    const checking = health.check(() => response.promise);
    calls = 0;
    await check();
    assert.equal(calls, 0);
    health.recordFailedCall({ isPoll: true, reason: 'no response' });
    response.resolve(undefined);
    await checking;
    assert.equal(readLines().length, 1);
  });

  it('logs nothing for another failed call while Temporal responds, such as a heartbeat that is denied', async () => {
    for (let minute = 0; minute < 3; minute += 1) {
      health.recordFailedCall({ isPoll: false, reason: 'denied' });
      await check();
      now += 60_000;
    }
    assert.deepEqual(readLines(), []);
  });

  it('continues after a check that fails itself', async () => {
    health.recordFailedCall({ isPoll: true, reason: 'no response' });
    await assert.rejects(health.check(() => Promise.reject(new TypeError('bug'))));
    assert.equal(await check(REFUSED), REFUSED);
  });

  it('does not call Temporal without an outage', async () => {
    await check();
    assert.equal(calls, 0);
    health.report(REFUSED);
    await check();
    assert.equal(calls, 1);
  });

  it('logs no end of an outage that was over before its first line', () => {
    health.recordFailedCall({ isPoll: true, reason: 'no response' });
    health.end();
    assert.deepEqual(readLines(), []);
  });

  it('logs a new outage immediately', async () => {
    health.report(REFUSED);
    health.end();
    health.report(DENIED);
    assert.deepEqual(
      readLines().map(([, message]) => message),
      [DOWN, UP, DOWN],
    );
  });
});
