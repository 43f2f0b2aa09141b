import assert from 'node:assert/strict';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  RetryState,
  TimeoutFailure,
  TimeoutType,
} from '@temporalio/common';
import { FAILURES } from '../../src/refresh/failures.js';
import { describeStepError, OutOfTime } from '../../src/workflows/step-error.js';
import { STORE_REMEDIES } from '../../src/refresh/remedies/store.js';
import { DOCKER_REMEDIES } from '../../src/refresh/remedies/docker.js';

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

function timeout(cause?: Error): TimeoutFailure {
  const failure = new TimeoutFailure('timed out', undefined, TimeoutType.HEARTBEAT);
  Object.assign(failure, { cause });
  return failure;
}

describe('describeStepError', () => {
  it('reports the step and the type of the timeout', () => {
    const { scope, remedy } = FAILURES.AttemptTimedOut;
    assert.deepEqual(describeStepError(activityFailure(timeout()), false), {
      type: 'AttemptTimedOut',
      scope,
      message: 'updateConnections timed out (HEARTBEAT).',
      remedy,
    });
  });

  it('reports that the worker was stopped during an attempt', () => {
    const cause = ApplicationFailure.create({ type: 'WorkerShutdown', message: 'Worker is shutting down' });
    const described = describeStepError(activityFailure(cause), false);
    assert.deepEqual(
      [described.type, described.message],
      ['AttemptTimedOut', 'updateConnections ended because its worker was stopped.'],
    );
  });

  it('reports the last failure before a timeout if Temporal knows it', () => {
    const cause = ApplicationFailure.create({
      type: 'StoreUnreachable',
      message: 'refused',
      details: [{ remedy: DOCKER_REMEDIES.start }],
    });
    assert.deepEqual(describeStepError(activityFailure(timeout(cause)), false), {
      type: 'StoreUnreachable',
      scope: 'store',
      message: 'refused',
      remedy: DOCKER_REMEDIES.start,
    });
  });

  it('takes scope, remedy and connections from the details of a failure', () => {
    const cause = ApplicationFailure.create({
      type: 'StoreForbidden',
      message: '403',
      details: [{ remedy: STORE_REMEDIES.allowMwaa, scope: 'connection', connections: ['docker_eu'] }],
    });
    assert.deepEqual(describeStepError(activityFailure(cause), false), {
      type: 'StoreForbidden',
      scope: 'connection',
      message: '403',
      remedy: STORE_REMEDIES.allowMwaa,
      connections: ['docker_eu'],
    });
  });

  it('ignores details with another shape', () => {
    const { scope, remedy } = FAILURES.StoreForbidden;
    for (const detail of [{ remedy: 1, scope: 'galaxy', connections: 'docker_eu' }, { connections: [1] }]) {
      const cause = ApplicationFailure.create({ type: 'StoreForbidden', message: '403', details: [detail] });
      assert.deepEqual(describeStepError(activityFailure(cause), false), {
        type: 'StoreForbidden',
        scope,
        message: '403',
        remedy,
      });
    }
  });

  it('reports an unknown failure type as Unexpected without its content', () => {
    const cause = ApplicationFailure.create({ type: 'TypeError', message: 'secret', details: ['secret'] });
    const described = describeStepError(activityFailure(cause), false);
    assert.equal(described.type, 'Unexpected');
    assert.ok(!JSON.stringify(described).includes('secret'));
  });

  it('rethrows the cancellation of the run and errors that are not from an activity', () => {
    for (const error of [activityFailure(new CancelledFailure('cancelled')), new TypeError('a bug')]) {
      assert.throws(
        () => describeStepError(error, true),
        (thrown) => thrown === error,
      );
    }
  });

  it('does not end the run for an activity that someone else reports as canceled', () => {
    const { type } = describeStepError(activityFailure(new CancelledFailure('cancelled')), false);
    assert.equal(type, 'Unexpected');
  });

  it('limits the message and the connections of a failure, and drops invalid ids', () => {
    const connections = [
      'docker_eu',
      'docker_eu',
      '\u001b[2J',
      ...Array.from({ length: 5000 }, (_, i) => `a${i}`),
    ];
    const details = [{ connections }];
    const cause = ApplicationFailure.create({ type: 'StoreForbidden', message: 'x'.repeat(1e6), details });
    const described = describeStepError(activityFailure(cause), false);
    assert.equal(described.message.length, 2000);
    assert.deepEqual(described.connections?.slice(0, 2), ['docker_eu', 'a0']);
    assert.ok((described.connections?.length ?? 0) < 1000);
  });

  it('reports which step had no time left', () => {
    const described = describeStepError(new OutOfTime('extractToken'), false);
    assert.deepEqual(
      [described.type, described.message],
      ['RunOutOfTime', 'No time was left for extractToken.'],
    );
  });

  it('takes the remedy from the catalogue if a failure has no details', () => {
    for (const details of [undefined, [], [null], ['text']]) {
      const cause = ApplicationFailure.create({
        type: 'StoreForbidden',
        message: '403',
        ...(details && { details }),
      });
      const { remedy } = FAILURES.StoreForbidden;
      assert.deepEqual(describeStepError(activityFailure(cause), false), {
        type: 'StoreForbidden',
        scope: 'store',
        message: '403',
        remedy,
      });
    }
  });
});
