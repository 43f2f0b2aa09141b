import assert from 'node:assert/strict';
import { describeFailure } from '../../src/refresh/failures.js';
import { parseProgress, type RunProgress, type StepInProgress } from '../../src/refresh/run-progress.js';
import { incompleteReport } from '../golden/sample-reports.js';

const STEP: StepInProgress = {
  step: 'inspectConnections',
  target: 'main',
  activityId: 'inspectConnections: main #2',
  attempts: 2,
  failingSince: '2026-01-01T00:00:00.000Z',
  nextAttemptAt: '2026-01-01T00:30:00.000Z',
  failure: describeFailure('StoreUnauthorized', 'Airflow main rejected the login.'),
};
/** What anyone who can complete a workflow task may answer instead. */
const RUBBISH: readonly unknown[] = [undefined, 1, true, '', {}, { length: 1 }, [null], ['x']];

describe('parseProgress', () => {
  let progress: RunProgress;

  before(async () => {
    progress = {
      stepsDone: 3,
      steps: [STEP],
      stepsInProgress: 1,
      storesDone: ['second'],
      report: await incompleteReport(),
    };
  });

  it('accepts what the workflow returns, also before anything has happened', () => {
    const value: unknown = JSON.parse(JSON.stringify(progress));
    assert.deepEqual(parseProgress(value), value);
    const first = {
      ...progress,
      steps: [{ ...STEP, activityId: null, failingSince: null, nextAttemptAt: null, failure: null }],
    };
    assert.ok(parseProgress(first));
    assert.ok(parseProgress({ ...progress, steps: [], storesDone: [] }));
  });

  it('rejects values that are not an object', () => {
    for (const value of [undefined, null, 7, 'progress', true, [], [progress]]) {
      assert.equal(parseProgress(value), undefined);
    }
  });

  for (const field of ['stepsDone', 'stepsInProgress', 'steps', 'storesDone', 'report'] as const) {
    it(`rejects a progress whose ${field} is missing or has another type`, () => {
      const { [field]: _dropped, ...rest } = progress;
      assert.equal(parseProgress(rest), undefined);
      const isNumber = field === 'stepsDone' || field === 'stepsInProgress';
      for (const value of [...RUBBISH, null].filter((item) => !(isNumber && typeof item === 'number'))) {
        if (field === 'storesDone' && Array.isArray(value) && value[0] === 'x') continue;
        assert.equal(parseProgress({ ...rest, [field]: value }), undefined, JSON.stringify(value));
      }
    });
  }

  for (const field of Object.keys(STEP) as (keyof StepInProgress)[]) {
    it(`rejects a step whose ${field} is missing or has another type`, () => {
      const { [field]: _dropped, ...rest } = STEP;
      assert.equal(parseProgress({ ...progress, steps: [rest] }), undefined);
      for (const value of RUBBISH.filter((item) => typeof item !== typeof STEP[field])) {
        const steps = [STEP, { ...rest, [field]: value }];
        assert.equal(parseProgress({ ...progress, steps }), undefined, JSON.stringify(value));
      }
    });
  }

  it('rejects times that are none', () => {
    for (const field of ['failingSince', 'nextAttemptAt']) {
      const steps = [{ ...STEP, [field]: 'soon' }];
      assert.equal(parseProgress({ ...progress, steps }), undefined);
    }
  });

  it('rejects a failure that is not in the catalogue', () => {
    const { failure } = STEP;
    for (const changes of [
      { type: 'Rubbish' },
      { type: '__proto__' },
      { type: 'constructor' },
      { scope: 'everything' },
      { message: 7 },
      { remedy: undefined },
    ]) {
      const steps = [{ ...STEP, failure: { ...failure, ...changes } }];
      assert.equal(parseProgress({ ...progress, steps }), undefined, JSON.stringify(changes));
    }
  });

  it('rejects a report with a failure that could not be shown', () => {
    const [failure] = progress.report.failures;
    for (const changes of [
      { type: 7 },
      { connections: undefined },
      { connections: [7] },
      { count: 'many' },
      { message: null },
      { remedy: {} },
    ]) {
      const report = { ...progress.report, failures: [{ ...failure, ...changes }] };
      assert.equal(parseProgress({ ...progress, report }), undefined, JSON.stringify(changes));
    }
  });

  it('is not confused by keys of prototypes', () => {
    const value: unknown = JSON.parse('{"__proto__": {"stepsDone": 1}, "constructor": 1}');
    assert.equal(parseProgress(value), undefined);
  });
});
