import assert from 'node:assert/strict';
import { CurrentSettings } from '../../../src/temporal/worker/current-settings.js';
import { TemporalHealth } from '../../../src/temporal/worker/health.js';
import { waitForTemporal } from '../../../src/temporal/worker/wait-for-temporal.js';
import type { WorkerConnection } from '../../../src/temporal/worker/worker-connection.js';
import { plainSettings, type TemporalSettings } from '../../../src/temporal/settings/settings.js';
import { TemporalSettingsInvalid } from '../../../src/temporal/settings/settings-error.js';
import { TemporalUnavailable } from '../../../src/temporal/unavailable.js';
import { captureLog, type CapturedLog } from '../../fakes/captured-log.js';

const MINUTE_MS = 60_000;
const SETTINGS = plainSettings('temporal:7233', 'default');
const REFUSED = new TemporalUnavailable('permission-denied', 'permission denied');
const DOWN = new TemporalUnavailable('connection-refused', 'connection refused');
const CONNECTION = { settings: SETTINGS, undescribed: undefined } as unknown as WorkerConnection;

describe('waitForTemporal', () => {
  let log: CapturedLog;
  let now: number;
  let read: () => TemporalSettings;
  let stop: AbortController;

  beforeEach(() => {
    log = captureLog('info');
    now = 0;
    read = () => SETTINGS;
    stop = new AbortController();
  });

  afterEach(() => log.close());

  const clock = {
    now: () => now,
    wait: async (): Promise<void> => void (now += MINUTE_MS),
  };

  /** Each attempt has the next result, a minute after the one before. The last result stays. */
  async function wait(
    results: readonly (TemporalUnavailable | WorkerConnection)[],
    onLast = (): void => {},
  ): Promise<unknown> {
    let attempts = 0;
    const settings = new CurrentSettings(log.logger, () => read());
    const connect = async (): Promise<WorkerConnection> => {
      const result = results[Math.min(attempts, results.length - 1)];
      attempts += 1;
      if (attempts >= results.length) onLast();
      if (result === undefined || result instanceof Error) throw result ?? new Error('no result');
      return result;
    };
    const health = new TemporalHealth(log.logger, () => now);
    const waiting = { settings, health, logger: log.logger, taskQueue: 'q', stop: stop.signal };
    return waitForTemporal(waiting, connect, clock);
  }

  it('returns the connection as soon as there is one, and reports each minute of the wait', async () => {
    assert.equal(await wait([DOWN, DOWN, CONNECTION]), CONNECTION);
    assert.deepEqual(
      log.lines().map(({ level, code }) => [level, code]),
      [
        ['warn', 'connection-refused'],
        ['warn', 'connection-refused'],
      ],
    );
  });

  it('ends the wait when the worker is stopped', async () => {
    const waiting = wait([DOWN, DOWN, DOWN], () => stop.abort('SIGTERM'));
    assert.equal(await waiting, undefined);
  });

  it('throws a refusal after five minutes of it, and not before', async () => {
    now = 10 * MINUTE_MS;
    await assert.rejects(wait([DOWN, REFUSED]), REFUSED);
    // The first refusal came a minute after the first attempt.
    assert.equal(now, 16 * MINUTE_MS);
  });

  it('starts the five minutes again after another fault', async () => {
    await assert.rejects(wait([REFUSED, REFUSED, DOWN, REFUSED]), REFUSED);
    assert.equal(now, 8 * MINUTE_MS);
  });

  it('throws after five minutes what only the native client cannot use', async () => {
    const native = new TemporalUnavailable('native-client', 'UnsupportedCertVersion');
    await assert.rejects(wait([native]), native);
    assert.equal(now, 5 * MINUTE_MS);
  });

  it('waits longer for what is not a refusal', async () => {
    const down = Array.from({ length: 20 }, () => DOWN);
    assert.equal(await wait([...down, CONNECTION]), CONNECTION);
  });

  it('logs why it continues without DescribeNamespace', async () => {
    await wait([{ ...CONNECTION, undescribed: REFUSED }]);
    const [line] = log.lines();
    assert.deepEqual(
      [line?.['code'], line?.['msg']],
      ['permission-denied', 'DescribeNamespace failed; continuing without it'],
    );
  });

  it('throws an error that is not about Temporal', async () => {
    const bug = new TypeError('bug');
    const settings = new CurrentSettings(log.logger, () => SETTINGS);
    const health = new TemporalHealth(log.logger);
    const waiting = { settings, health, logger: log.logger, taskQueue: 'q', stop: stop.signal };
    await assert.rejects(
      waitForTemporal(waiting, () => Promise.reject(bug)),
      bug,
    );
  });

  it('reads replaced files before the next attempt, and survives an invalid one', async () => {
    const seen: (string | undefined)[] = [];
    const settings = new CurrentSettings(log.logger, () => read());
    const health = new TemporalHealth(log.logger);
    const reads = [
      (): TemporalSettings => {
        throw new TemporalSettingsInvalid([{ setting: 'X', message: 'is invalid', remedy: 'Fix it.' }]);
      },
      (): TemporalSettings => ({ ...SETTINGS, apiKey: 'new-key' }),
    ];
    const connect = async ({ apiKey }: TemporalSettings): Promise<WorkerConnection> => {
      seen.push(apiKey);
      read = reads.shift() ?? read;
      if (seen.length < 3) throw DOWN;
      return CONNECTION;
    };
    const waiting = { settings, health, logger: log.logger, taskQueue: 'q', stop: stop.signal };
    await waitForTemporal(waiting, connect, clock);
    assert.deepEqual(seen, [undefined, undefined, 'new-key']);
  });
});
