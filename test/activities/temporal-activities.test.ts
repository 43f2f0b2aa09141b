import assert from 'node:assert/strict';
import { CancelledFailure, type Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Attempt } from '../../src/refresh/attempt.js';
import type { RefreshActivities } from '../../src/activities/index.js';
import { temporalActivities } from '../../src/activities/temporal-activities.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { createLogger } from '../../src/log/logger.js';
import { temporalLogger } from '../../src/temporal/worker/sdk-logger.js';

const INFO: Partial<Info> = {
  activityType: 'planRefresh',
  attempt: 3,
  startToCloseTimeoutMs: 60_000,
  scheduleToCloseTimeoutMs: 60_000,
  workflowExecution: { workflowId: 'ecr-refresh-run', runId: 'run-7' },
};

/** Activities that all call `plan`. */
function activitiesThat(plan: (attempt: Attempt) => Promise<unknown>): RefreshActivities {
  const run = plan as () => Promise<never>;
  return {
    planRefresh: run,
    inspectConnections: run,
    extractToken: run,
    updateConnections: run,
    testDocker: run,
  };
}

function environment(info: Partial<Info> = {}): MockActivityEnvironment {
  return new MockActivityEnvironment(
    { ...INFO, ...info },
    { logger: temporalLogger(createLogger('silent')) },
  );
}

function untilAborted({ signal }: Attempt): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

describe('temporalActivities', () => {
  it('passes the run, the number of the attempt, and a signal to an activity', async () => {
    let seen: Attempt | undefined;
    const { planRefresh } = temporalActivities(activitiesThat(async (attempt) => (seen = attempt)));
    await environment().run(planRefresh);
    assert.deepEqual([seen?.runId, seen?.number, seen?.signal.aborted], ['run-7', 3, false]);
  });

  it("passes the time after which the run starts no further attempt, by the worker's clock", async () => {
    let leftMs = 0;
    const { planRefresh } = temporalActivities(
      activitiesThat(async ({ deadlineMs = 0 }) => (leftMs = deadlineMs - Date.now())),
    );
    const times = { scheduledTimestampMs: 1_000, currentAttemptScheduledTimestampMs: 21_000 };
    await environment(times).run(planRefresh);
    assert.ok(leftMs > 39_000 && leftMs <= 40_000, `${leftMs} ms`);
  });

  it('passes attempt and input to each of the five activities', async () => {
    const calls: unknown[] = [];
    const record =
      (step: string) =>
      async (attempt: Attempt, input?: unknown): Promise<never> =>
        void calls.push([step, attempt.runId, input]) as never;
    const steps = temporalActivities({
      planRefresh: record('planRefresh'),
      inspectConnections: record('inspectConnections'),
      extractToken: record('extractToken'),
      updateConnections: record('updateConnections'),
      testDocker: record('testDocker'),
    });
    assert.deepEqual(Object.keys(steps), Object.keys(fakeSteps()));
    for (const [step, call] of Object.entries(steps)) {
      await environment({ activityType: step }).run(
        call as (input: string) => Promise<unknown>,
        `for ${step}`,
      );
    }
    assert.deepEqual(
      calls,
      Object.keys(steps).map((step) => [step, 'run-7', `for ${step}`]),
    );
  });

  for (const { title, info } of [
    { title: 'is not in a workflow', info: { inWorkflow: false } },
    {
      title: 'is standalone',
      info: { inWorkflow: false, workflowExecution: undefined, activityRunId: 'run-of-its-own' },
    },
  ] as const) {
    it(`rejects an activity that ${title}, before it does anything`, async () => {
      let calls = 0;
      const steps = temporalActivities(activitiesThat(async () => (calls += 1)));
      for (const step of Object.values(steps) as (() => Promise<unknown>)[]) {
        await expectFailure('InputNotAllowed', environment(info as Partial<Info>).run(step));
      }
      assert.equal(calls, 0);
    });
  }

  it('ends an attempt with AttemptTimedOut before Temporal does', async () => {
    const { planRefresh } = temporalActivities(activitiesThat(untilAborted));
    const env = environment({ startToCloseTimeoutMs: 1001 });
    await expectFailure('AttemptTimedOut', env.run(planRefresh));
  });

  it('passes a cancellation on to the activity', async () => {
    const { planRefresh } = temporalActivities(activitiesThat(untilAborted));
    const env = environment();
    const running = env.run(planRefresh);
    env.cancel('CANCELLED');
    await assert.rejects(running, (error) => error instanceof CancelledFailure);
  });

  it('sends heartbeats only while the activity runs, and only with a heartbeat timeout', async () => {
    let beats = 0;
    const env = environment({ heartbeatTimeoutMs: 3 });
    const beating = new Promise<void>((resolve) => {
      env.on('heartbeat', () => {
        beats += 1;
        resolve();
      });
    });
    const { planRefresh } = temporalActivities(activitiesThat(() => beating));
    await env.run(planRefresh);
    assert.ok(beats >= 1);
    const silent = environment();
    silent.on('heartbeat', () => assert.fail('a heartbeat was sent'));
    await silent.run(temporalActivities(activitiesThat(async () => undefined)).planRefresh);
  });

  it('sends heartbeats without details', async () => {
    const details: unknown[] = [];
    const env = environment({ heartbeatTimeoutMs: 3 });
    const beating = new Promise<void>((resolve) => {
      env.on('heartbeat', (beat: unknown) => {
        details.push(beat);
        resolve();
      });
    });
    await env.run(temporalActivities(activitiesThat(() => beating)).planRefresh);
    assert.deepEqual(new Set(details), new Set([undefined]));
  });

  it('passes the time limit of the attempt: 1 s less than the shorter of the two timeouts', async () => {
    let limitMs: number | undefined;
    const { planRefresh } = temporalActivities(
      activitiesThat(async (attempt) => {
        ({ limitMs } = attempt);
      }),
    );
    await environment().run(planRefresh);
    assert.equal(limitMs, 59_000);
    await environment({ scheduleToCloseTimeoutMs: 10_000 }).run(planRefresh);
    assert.equal(limitMs, 9_000);
  });

  it('returns the partial result of an activity when its time is up', async () => {
    const { planRefresh } = temporalActivities(
      activitiesThat((attempt) => untilAborted(attempt).catch(() => 'a part')),
    );
    const env = environment({ startToCloseTimeoutMs: 1001 });
    assert.equal(await env.run(planRefresh), 'a part');
  });
});
