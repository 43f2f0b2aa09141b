import assert from 'node:assert/strict';
import { findQueueProblems, type QueuePoller } from '../../src/temporal/queue-workers.js';
import { NOW, queueWorkers } from '../fakes/fake-status.js';

const OURS = 'airflow-ecr-refresh/0.1.0@host#1';

function poller(identity: string, version: string | null = null): QueuePoller {
  return { identity, lastAccessAt: NOW, version };
}

describe('findQueueProblems', () => {
  const ids = (...args: Parameters<typeof findQueueProblems>): string[] =>
    findQueueProblems(...args).map(({ id }) => id);

  it('finds none if a worker is alive and the queue has no version', () => {
    assert.deepEqual(ids(queueWorkers()), []);
  });

  it('finds that no worker is alive, and since when a run waits', () => {
    const [problem] = findQueueProblems(queueWorkers({ isAlive: false }), '2026-01-01T00:00:00.000Z');
    assert.equal(problem?.id, 'no-worker');
    assert.equal(
      problem.message,
      'no worker is running; a run has been waiting for one since 2026-01-01 00:00 UTC',
    );
  });

  it('finds a current version that no worker of ours has, even if another program has it', () => {
    for (const { pollers, message } of [
      { pollers: [poller(OURS)], message: 'the workers of airflow-ecr-refresh have no version' },
      {
        pollers: [poller(OURS, 'dep/v0')],
        message: 'the workers of airflow-ecr-refresh have version dep/v0',
      },
      { pollers: [poller('other', 'dep/v1')], message: 'no worker of airflow-ecr-refresh has it' },
      { pollers: [], message: 'no worker of airflow-ecr-refresh has it' },
    ]) {
      const [problem, ...more] = findQueueProblems(queueWorkers({ pollers, currentVersion: 'dep/v1' }));
      assert.deepEqual([problem?.id, more], ['queue-versioned', []]);
      assert.equal(
        problem?.message,
        `has the current version dep/v1; ${message}, so no worker takes the runs`,
      );
    }
  });

  it('finds none if a worker of ours has the current version', () => {
    const pollers = [poller(OURS), poller(OURS, 'dep/v1')];
    assert.deepEqual(ids(queueWorkers({ pollers, currentVersion: 'dep/v1' })), []);
  });
});
