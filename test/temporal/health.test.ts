import assert from 'node:assert/strict';
import { TemporalHealth } from '../../src/temporal/health.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { deferred } from '../fakes/deferred.js';

const DOWN = 'Temporal calls fail; retrying. Check the Temporal server, its address, and the network';
const UP = 'Temporal calls succeed again';

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

  /** One failed poll per second, as with about twenty pollers that retry within 12 s. */
  function failFor(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      health.reportFailure('refused');
      now += 1000;
    }
  }

  function check(problem?: string): Promise<void> {
    return health.check(() => {
      calls += 1;
      return Promise.resolve(problem);
    });
  }

  function readLines(): unknown[][] {
    return log.lines().map(({ level, msg, reason, forSeconds, afterSeconds }) => {
      return [level, msg, reason, forSeconds, afterSeconds];
    });
  }

  it('logs the first failed call, then the duration once a minute', () => {
    failFor(150);
    assert.deepEqual(readLines(), [
      ['warn', DOWN, 'refused', undefined, undefined],
      ['warn', DOWN, 'refused', 60, undefined],
      ['warn', DOWN, 'refused', 120, undefined],
    ]);
  });

  it('logs the end after Temporal responds and no call has failed for longer than pollers wait', async () => {
    failFor(20);
    now += 13_900;
    await check();
    assert.deepEqual([calls, readLines().length], [0, 1]);
    now += 100;
    await check();
    assert.deepEqual(readLines().slice(1), [['info', UP, undefined, undefined, 34]]);
  });

  it('continues the outage and logs the problem if the check fails', async () => {
    failFor(1);
    now += 59_000;
    await check('access denied');
    assert.deepEqual(readLines().slice(1), [['warn', DOWN, 'access denied', 60, undefined]]);
    now += 15_000;
    await check();
    assert.equal(readLines().at(-1)?.[1], UP);
  });

  it('continues the outage if a call fails during the check, and runs one check at a time', async () => {
    failFor(1);
    now += 15_000;
    const response = deferred<undefined>();
    const checking = health.check(() => response.promise);
    await check();
    assert.equal(calls, 0);
    failFor(1);
    response.resolve(undefined);
    await checking;
    assert.equal(readLines().length, 1);
    now += 15_000;
    await check();
    assert.equal(readLines().at(-1)?.[1], UP);
  });

  it('does not call Temporal without an outage', async () => {
    await check();
    failFor(1);
    now += 15_000;
    await check();
    now += 60_000;
    await check();
    assert.equal(calls, 1);
  });

  it('logs a new outage immediately', async () => {
    failFor(1);
    now += 15_000;
    await check();
    failFor(1);
    assert.deepEqual(
      readLines().map(([, message]) => message),
      [DOWN, UP, DOWN],
    );
  });
});
