import assert from 'node:assert/strict';
import { describeFailure } from '../../src/refresh/failures.js';
import { RunNews } from '../../src/schedule/follow-run.js';
import type { RunInProgress, RunStep } from '../../src/schedule/run-in-progress.js';
import { runInProgress, runStep } from '../fakes/fake-status.js';
import { incompleteReport } from '../golden/sample-reports.js';

const PROGRESS = { stepsDone: 1, stepsInProgress: 1, storesDone: [] };

function failing(failedAttempts: number, changes: Partial<RunStep> = {}): RunStep {
  return runStep({ failedAttempts, failure: describeFailure('StoreUnreachable', 'refused'), ...changes });
}

/** What is reported of these states of a run, one after the other. */
function follow(states: readonly Partial<RunInProgress>[]): string[] {
  const lines: string[] = [];
  const news = new RunNews({
    onFailedAttempt: ({ target, attempt }) => lines.push(`${target} ${attempt}`),
    onFailedPart: ({ type }) => lines.push(type),
    onWaitingForWorker: (since) => lines.push(since),
  });
  for (const state of states) news.report({ ...runInProgress(), progress: PROGRESS, ...state });
  return lines;
}

describe('what is reported of a run in progress', () => {
  it('is each failed attempt once', () => {
    const steps = [{ steps: [failing(1)] }, { steps: [failing(1)] }, { steps: [failing(2)] }];
    assert.deepEqual(follow(steps), ['main 1', 'main 2']);
  });

  it('is nothing about a step that has not failed', () => {
    assert.deepEqual(follow([{ steps: [runStep({ failedAttempts: 0, failure: null })] }]), []);
  });

  it('is each of two steps', () => {
    assert.deepEqual(follow([{ steps: [failing(1), failing(1, { target: 'other' })] }]), [
      'main 1',
      'other 1',
    ]);
  });

  it('is a later step of the same name again', () => {
    assert.deepEqual(follow([{ steps: [failing(1)] }, { steps: [] }, { steps: [failing(1)] }]), [
      'main 1',
      'main 1',
    ]);
  });

  it('repeats no attempt while no worker answers', () => {
    const states = [
      { steps: [failing(3)] },
      { steps: [failing(1)], progress: null },
      { steps: [failing(3)] },
    ];
    assert.deepEqual(follow(states), ['main 3']);
  });

  it('is each time that no worker takes the run', () => {
    const [waitingForWorkerSince, later] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:10:00.000Z'];
    const states = [
      { waitingForWorkerSince },
      { waitingForWorkerSince },
      { waitingForWorkerSince: null },
      { waitingForWorkerSince: later },
    ];
    assert.deepEqual(follow(states), [waitingForWorkerSince, later]);
  });

  it('is each part that has failed for good once', async () => {
    const report = await incompleteReport();
    const { length } = report.failures;
    assert.equal(follow([{ report }, { report }]).length, length);
  });
});
