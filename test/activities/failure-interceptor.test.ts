import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { CancelledFailure, type Info } from '@temporalio/activity';
import fc from 'fast-check';
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { failureInterceptor } from '../../src/activities/failure-interceptor.js';
import {
  FAILURES,
  failureEntry,
  parseFailure,
  RefreshFailure,
  type FailureType,
} from '../../src/refresh/failures.js';
import { parseRemedy, REMEDIES } from '../../src/refresh/parse-remedy.js';
import { logFrames } from '../../src/log/redact-error.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';
import { assertSafe, hostileText } from '../fakes/hostile-texts.js';
import { temporalLogger } from '../../src/temporal/worker/sdk-logger.js';
import { AWS_REMEDIES } from '../../src/refresh/remedies/aws.js';

const MIN = 60_000;
const TYPES = Object.keys(FAILURES) as FailureType[];

/** The first attempt of an update, with 3 h of retries left. */
const INFO: Partial<Info> = {
  activityType: 'updateConnections',
  attempt: 1,
  scheduledTimestampMs: 0,
  currentAttemptScheduledTimestampMs: 0,
  startToCloseTimeoutMs: 2 * MIN,
  scheduleToCloseTimeoutMs: 180 * MIN,
  retryPolicy: { initialInterval: 5000, backoffCoefficient: 2, maximumInterval: 5 * MIN },
};

describe('failureInterceptor', () => {
  let log: CapturedLog;

  beforeEach(() => {
    log = captureLog();
  });

  afterEach(() => log.close());

  function environment(info: Partial<Info> = {}): MockActivityEnvironment {
    return new MockActivityEnvironment(
      { ...INFO, ...info },
      { interceptors: [failureInterceptor(log.logger)], logger: temporalLogger(log.logger) },
    );
  }

  function errorLines(): unknown[] {
    return log.lines().filter(({ level }) => level === 'error');
  }

  async function failureAfter(thrown: unknown, info: Partial<Info> = {}): Promise<ApplicationFailure> {
    const failure: unknown = await environment(info)
      .run(() => Promise.reject(thrown as Error))
      .then(
        () => assert.fail('it succeeded'),
        (error: unknown) => error,
      );
    assert.ok(failure instanceof ApplicationFailure, inspect(failure));
    return failure;
  }

  it('returns what an activity returns', async () => {
    assert.equal(await environment().run(async () => 'a result'), 'a result');
    assert.deepEqual(errorLines(), []);
  });

  for (const type of TYPES) {
    it(`converts ${type} to an ApplicationFailure, retryable as in the catalogue`, async () => {
      const failure = await failureAfter(new RefreshFailure(type, 'what happened', AWS_REMEDIES.wait));
      assert.deepEqual(
        [failure.type, failure.message, failure.details, failure.nonRetryable],
        [
          type,
          'what happened',
          [{ remedy: AWS_REMEDIES.wait, scope: failureEntry(type).scope }],
          !failureEntry(type).retryable,
        ],
      );
      assert.equal(failure.cause, undefined);
    });
  }

  it('shows no hidden character of a message in the Temporal UI, and at most 500 characters', () =>
    fc.assert(
      fc.asyncProperty(hostileText(), async (message) => {
        const failure = await failureAfter(new RefreshFailure('StoreUnreachable', message));
        assertSafe(failure.message);
        assert.ok(!failure.message.includes('\n') && Array.from(failure.message).length <= 500);
      }),
    ));

  it('passes every remedy of the catalogue on unchanged, so that it is recognized', async () => {
    for (const remedy of REMEDIES) {
      const thrown = new RefreshFailure('StoreUnreachable', 'refused', parseRemedy(remedy));
      const [details] = (await failureAfter(thrown)).details as [{ remedy: string }];
      assert.equal(parseFailure('StoreUnreachable', 'refused', details)?.remedy, remedy);
    }
  });

  it('retries every 10 min what a person must fix, and every 30 min what may lock an account', async () => {
    const delays = new Map<FailureType, unknown>();
    for (const type of TYPES) {
      const { nextRetryDelay } = await failureAfter(new RefreshFailure(type, 'x'));
      if (nextRetryDelay !== undefined && nextRetryDelay !== null) delays.set(type, nextRetryDelay);
    }
    assert.deepEqual(Object.fromEntries(delays), {
      AwsAccessDenied: 10 * MIN,
      AwsClockSkewed: 10 * MIN,
      AwsCredentialsRejected: 10 * MIN,
      StoreForbidden: 10 * MIN,
      StoreUnauthorized: 30 * MIN,
    });
  });

  describe('near the end of the retries', () => {
    /** Whether a failure is final when an attempt starts with this much of schedule-to-close left. */
    async function isFinal(type: FailureType, leftMs: number, attempt = 1, retryPolicy = INFO.retryPolicy) {
      const { nonRetryable } = await failureAfter(new RefreshFailure(type, 'x'), {
        attempt,
        ...(retryPolicy ? { retryPolicy } : {}),
        currentAttemptScheduledTimestampMs: 180 * MIN - leftMs,
      });
      return nonRetryable;
    }

    // The attempt takes some milliseconds, so each boundary is tested with 1 s, not 1 ms, above it.
    it('retries only when the back-off of 5 s and 2 s more fit', async () => {
      assert.equal(await isFinal('StoreUnavailable', 8000), false);
      assert.equal(await isFinal('StoreUnavailable', 7000), true);
    });

    it('computes the back-off of the seventh attempt: at most 5 min', async () => {
      assert.equal(await isFinal('StoreUnavailable', 303_000, 7), false);
      assert.equal(await isFinal('StoreUnavailable', 302_000, 7), true);
    });

    it('computes the back-off from the retry policy that the activity was scheduled with', async () => {
      const retryPolicy = { initialInterval: 20_000, backoffCoefficient: 2, maximumInterval: 5 * MIN };
      assert.equal(await isFinal('AwsThrottled', 23_000, 1, retryPolicy), false);
      assert.equal(await isFinal('AwsThrottled', 22_000, 1, retryPolicy), true);
      assert.equal(await isFinal('AwsThrottled', 43_000, 2, retryPolicy), false);
      assert.equal(await isFinal('AwsThrottled', 42_000, 2, retryPolicy), true);
    });

    it('uses an interval without a coefficient or maximum unchanged', async () => {
      const retryPolicy = { initialInterval: 20_000 };
      assert.equal(await isFinal('AwsThrottled', 23_000, 9, retryPolicy), false);
      assert.equal(await isFinal('AwsThrottled', 22_000, 9, retryPolicy), true);
    });

    it('allows for the 10 min of AwsAccessDenied and the 30 min of StoreUnauthorized', async () => {
      assert.equal(await isFinal('AwsAccessDenied', 603_000), false);
      assert.equal(await isFinal('AwsAccessDenied', 602_000), true);
      assert.equal(await isFinal('StoreUnauthorized', 1_803_000), false);
      assert.equal(await isFinal('StoreUnauthorized', 1_802_000), true);
    });

    it('never makes a non-retryable failure retryable', async () =>
      assert.equal(await isFinal('TokenRejected', 180 * MIN), true));

    it('retries indefinitely without a schedule-to-close timeout', async () => {
      const info = { scheduleToCloseTimeoutMs: 0, currentAttemptScheduledTimestampMs: 999 * MIN };
      assert.equal((await failureAfter(new RefreshFailure('AwsThrottled', 'x'), info)).nonRetryable, false);
    });
  });

  describe('for an error that is not in the catalogue', () => {
    for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
      it(`shows nothing of ${what}`, async () => {
        const failure = await failureAfter(make());
        assert.equal(failure.type, 'Unexpected');
        assert.equal(failure.nonRetryable, false);
        assert.match(failure.message, /^updateConnections: Unexpected [\w ,]+(?:; this is a bug)?\.$/);
        const converted = defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter);
        for (const shown of [
          inspect(failure, { depth: 10, showHidden: true }),
          JSON.stringify(failure),
          JSON.stringify(converted),
          Buffer.from(JSON.stringify(converted.applicationFailureInfo)).toString(),
          ...payloadsOf(converted),
          log.text(),
        ]) {
          assert.ok(!shown.includes(SECRET), shown);
        }
      });
    }

    it('logs its class and code once', async () => {
      const failure = await failureAfter(Object.assign(new Error(SECRET), { code: 'EMFILE' }));
      assert.equal(
        failure.message,
        'updateConnections: Fault of the environment: too many open files (Error EMFILE).',
      );
      const [line, ...others] = log.lines().filter(({ msg }) => msg === 'activity failed unexpectedly');
      assert.deepEqual(others, []);
      const { error, code, reason, frames } = line ?? {};
      assert.deepEqual([error, code, reason, frames], ['Error', 'EMFILE', 'too many open files', undefined]);
    });

    it('logs its stack frames with --debug', async () => {
      logFrames();
      await failureAfter(new TypeError('a bug'));
      logFrames(false);
      const [line, ...others] = log.lines().filter(({ msg }) => msg === 'activity failed unexpectedly');
      assert.deepEqual(others, []);
      assert.deepEqual([line?.['activityType'], line?.['error']], ['updateConnections', 'TypeError']);
      const frames = line?.['frames'] as string[];
      assert.match(frames[0] ?? '', /^at .*failure-interceptor\.test\.ts:\d+:\d+\)$/);
    });

    it('does not trust an ApplicationFailure that an activity throws', async () => {
      const failure = await failureAfter(ApplicationFailure.create({ message: SECRET, details: [SECRET] }));
      assert.equal(failure.type, 'Unexpected');
      assert.ok(!inspect(failure, { depth: 10 }).includes(SECRET));
    });
  });

  describe('when the attempt was cancelled', () => {
    it('throws the cancellation, not the error of an adapter', async () => {
      const env = environment();
      const running = env.run(
        () =>
          new Promise((_resolve, reject) => {
            env.context.cancellationSignal.addEventListener('abort', () =>
              reject(new RefreshFailure('StoreUnreachable', 'aborted')),
            );
          }),
      );
      env.cancel('CANCELLED');
      await assert.rejects(running, (error) => error instanceof CancelledFailure && error.stack === '');
      assert.deepEqual(errorLines(), []);
    });

    it('returns the result of an activity that ignored it', async () => {
      const env = environment();
      env.cancel('CANCELLED');
      assert.equal(await env.run(async () => 'done'), 'done');
    });
  });
});

/** The payloads of a converted failure as text: their bytes are not readable in JSON. */
function payloadsOf(failure: ReturnType<typeof defaultFailureConverter.errorToFailure>): string[] {
  const payloads = failure.applicationFailureInfo?.details?.payloads ?? [];
  return payloads.map(({ data }) => Buffer.from(data ?? []).toString());
}
