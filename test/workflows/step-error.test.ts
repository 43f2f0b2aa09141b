import assert from 'node:assert/strict';
import {
  ActivityFailure,
  ApplicationFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { FAILURES } from '../../src/refresh/failures.js';
import { describeStepError } from '../../src/workflows/step-error.js';

function activityFailure(cause: Error): ActivityFailure {
  return new ActivityFailure(
    'activity failed',
    'updateConnections',
    'updateConnections: main',
    RetryState.TIMEOUT,
    'worker',
    cause,
  );
}

function timeout(noted: unknown, cause?: Error): TimeoutFailure {
  const failure = new TimeoutFailure('timed out', noted, TimeoutType.HEARTBEAT);
  Object.assign(failure, { cause });
  return failure;
}

describe('describeStepError', () => {
  it('hands out what a lost worker had noted last', () => {
    const progress = { refreshed: [0] };
    const described = describeStepError(activityFailure(timeout(progress)));
    assert.deepEqual([described.type, described.progress], ['AttemptTimedOut', progress]);
    assert.equal(described.message, 'updateConnections ended without an answer (HEARTBEAT).');
  });

  it('tells the last failure before a time-out, where Temporal knows it', () => {
    const cause = ApplicationFailure.create({
      type: 'StoreUnreachable',
      message: 'refused',
      details: [{ remedy: 'start it' }],
    });
    assert.deepEqual(describeStepError(activityFailure(timeout(undefined, cause))), {
      type: 'StoreUnreachable',
      scope: 'store',
      message: 'refused',
      remedy: 'start it',
    });
  });

  it('hands out what an activity had done before it failed', () => {
    const cause = ApplicationFailure.create({
      type: 'StoreForbidden',
      message: '403',
      details: [{ remedy: 'give a role', progress: { refreshed: [1] } }],
    });
    assert.deepEqual(describeStepError(activityFailure(cause)), {
      type: 'StoreForbidden',
      scope: 'store',
      message: '403',
      remedy: 'give a role',
      progress: { refreshed: [1] },
    });
  });

  it('takes the remedy of the catalogue where a failure has no details', () => {
    for (const details of [undefined, [], [null], ['text']]) {
      const cause = ApplicationFailure.create({
        type: 'StoreForbidden',
        message: '403',
        ...(details && { details }),
      });
      const { remedy } = FAILURES.StoreForbidden;
      assert.deepEqual(describeStepError(activityFailure(cause)), {
        type: 'StoreForbidden',
        scope: 'store',
        message: '403',
        remedy,
      });
    }
  });
});
