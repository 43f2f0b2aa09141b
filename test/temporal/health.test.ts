import assert from 'node:assert/strict';
import { TemporalHealth } from '../../src/temporal/health.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { deferred } from '../fakes/deferred.js';

const AWAY = 'Temporal does not answer; waiting for it';
const BACK = 'Temporal answers again';

describe('TemporalHealth', () => {
  let log: CapturedLog;
  let now: number;
  let outage: TemporalHealth;
  let asked: number;

  beforeEach(() => {
    log = captureLog('info');
    now = 1_000_000;
    outage = new TemporalHealth(log.logger, () => now);
    asked = 0;
  });

  afterEach(() => log.close());

  /** Polls fail every second, as of some twenty pollers that wait up to 12 s. */
  function failFor(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      outage.reportFailure('refused');
      now += 1000;
    }
  }

  function look(problem?: string): Promise<void> {
    return outage.look(() => {
      asked += 1;
      return Promise.resolve(problem);
    });
  }

  function said(): unknown[][] {
    return log.lines().map(({ level, msg, reason, forSeconds, afterSeconds }) => {
      return [level, msg, reason, forSeconds, afterSeconds];
    });
  }

  it('is told at the first call without answer, and then once a minute with how long it lasts', () => {
    failFor(150);
    assert.deepEqual(said(), [
      ['warn', AWAY, 'refused', undefined, undefined],
      ['warn', AWAY, 'refused', 60, undefined],
      ['warn', AWAY, 'refused', 120, undefined],
    ]);
  });

  it('ends when no call has failed for longer than pollers wait, and Temporal answers', async () => {
    failFor(20);
    now += 13_900;
    await look();
    assert.deepEqual([asked, said().length], [0, 1]);
    now += 100;
    await look();
    assert.deepEqual(said().slice(1), [['info', BACK, undefined, undefined, 34]]);
  });

  it('lasts while Temporal, when asked, does not answer, with what is wrong then', async () => {
    failFor(1);
    now += 59_000;
    await look('access denied');
    assert.deepEqual(said().slice(1), [['warn', AWAY, 'access denied', 60, undefined]]);
    now += 15_000;
    await look();
    assert.equal(said().at(-1)?.[1], BACK);
  });

  it('lasts when a call fails while Temporal is asked, and asks it once at a time', async () => {
    failFor(1);
    now += 15_000;
    const answer = deferred<undefined>();
    const looking = outage.look(() => answer.promise);
    await look();
    assert.equal(asked, 0);
    failFor(1);
    answer.resolve(undefined);
    await looking;
    assert.equal(said().length, 1);
    now += 15_000;
    await look();
    assert.equal(said().at(-1)?.[1], BACK);
  });

  it('asks nothing while all is well, before an outage and after it', async () => {
    await look();
    failFor(1);
    now += 15_000;
    await look();
    now += 60_000;
    await look();
    assert.equal(asked, 1);
  });

  it('is told at once when it is another one', async () => {
    failFor(1);
    now += 15_000;
    await look();
    failFor(1);
    assert.deepEqual(
      said().map(([, message]) => message),
      [AWAY, BACK, AWAY],
    );
  });
});
