import assert from 'node:assert/strict';
import { describeFailure, FAILURES, failureEntry, type FailureType } from '../../src/refresh/failures.js';
import type { FailureReport, RefreshReport } from '../../src/refresh/report.js';
import { findProblems, listRows, type StatusFacts } from '../../src/status/find-problems.js';
import { REGISTRY } from '../fakes/fake-steps.js';
import {
  lastRun,
  NOW,
  queueWorkers,
  runInProgress,
  runStep,
  scheduleState,
  statusFacts,
} from '../fakes/fake-status.js';
import { incompleteReport, refreshedReport } from '../golden/sample-reports.js';

const HOUR_MS = 3_600_000;
const LIMITS = { failingForMs: 120_000 };

async function find(
  changes: Partial<StatusFacts>,
  limits: { expiresWithinMs?: number } = {},
): Promise<string[]> {
  return findProblems(await statusFacts(changes), { ...LIMITS, ...limits }).map(({ id }) => id);
}

function failure(changes: Partial<FailureReport> = {}): FailureReport {
  const { type, scope, message, remedy } = describeFailure('StoreUnreachable', 'refused');
  return {
    stage: 'inspect',
    store: 'main',
    type,
    scope,
    message,
    remedy,
    count: 0,
    connections: [],
    ...changes,
  };
}

describe('the problems that status finds', () => {
  it('are none when the last run refreshed everything and a worker is alive', async () => {
    assert.deepEqual(await find({}), []);
  });

  it('are none for a first run in progress', async () => {
    const run = runInProgress();
    assert.deepEqual(await find({ report: undefined, lastRun: undefined, run }), []);
  });

  describe('about the schedule', () => {
    for (const { title, schedule, expected } of [
      { title: 'missing', schedule: undefined, expected: 'schedule-missing' },
      {
        title: 'paused',
        schedule: scheduleState({ paused: true, nextRunsAt: [] }),
        expected: 'schedule-paused',
      },
      {
        title: 'without further runs',
        schedule: scheduleState({ nextRunsAt: [] }),
        expected: 'schedule-ended',
      },
      {
        title: 'slower than tokens expire',
        schedule: scheduleState({ longestGapMs: 11 * HOUR_MS + 51 * 60_000 }),
        expected: 'schedule-too-slow',
      },
      {
        title: 'that leaves a run too little time',
        schedule: scheduleState({ executionTimeoutMs: 99_000 }),
        expected: 'schedule-timeout',
      },
      {
        title: 'of another workflow',
        schedule: scheduleState({ workflowType: 'other' }),
        expected: 'schedule-edited',
      },
    ] as const) {
      it(`include one that is ${title}`, async () => {
        assert.deepEqual(await find({ schedule }), [expected]);
      });
    }

    it('do not include a schedule that is slow, but fast enough', async () => {
      assert.deepEqual(await find({ schedule: scheduleState({ longestGapMs: 11 * HOUR_MS }) }), []);
    });

    it('do not include a schedule without a time limit', async () => {
      assert.deepEqual(await find({ schedule: scheduleState({ executionTimeoutMs: undefined }) }), []);
    });
  });

  describe('about workers', () => {
    const version = 'ecr/v2';
    const poller = { lastAccessAt: NOW, version };

    it('include that none is alive', async () => {
      assert.deepEqual(await find({ workers: queueWorkers({ isAlive: false }) }), ['no-worker']);
    });

    it('include a queue whose current version is that of other workers', async () => {
      const workers = queueWorkers({
        currentVersion: version,
        pollers: [{ ...poller, identity: 'other@host' }],
      });
      assert.deepEqual(await find({ workers }), ['queue-versioned']);
    });

    it('do not include a queue whose current version is that of our workers', async () => {
      const identity = 'airflow-ecr-refresh/0.1.0@host#1';
      const workers = queueWorkers({ currentVersion: version, pollers: [{ ...poller, identity }] });
      assert.deepEqual(await find({ workers }), []);
    });
  });

  describe('about the run in progress', () => {
    const since = new Date(NOW.getTime() - 120_000).toISOString();

    for (const type of Object.keys(FAILURES) as FailureType[]) {
      const { whoActs, retryAfterMinutes } = failureEntry(type);
      const counts =
        whoActs === 'no one' ? 'never' : retryAfterMinutes === undefined ? 'after three' : 'once';
      it(`include ${type} ${counts === 'once' ? 'after one attempt' : counts === 'never' ? 'never' : 'after three attempts'}`, async () => {
        const step = { failure: describeFailure(type, 'it failed'), failingSince: since };
        const after = async (failedAttempts: number): Promise<number> =>
          (await find({ run: runInProgress({ steps: [runStep({ ...step, failedAttempts })] }) })).length;
        const expected = { never: [0, 0, 0], once: [1, 1, 1], 'after three': [0, 0, 1] }[counts];
        assert.deepEqual([await after(1), await after(2), await after(3)], expected);
      });
    }

    it('do not include a step that has failed for less than two minutes', async () => {
      const step = runStep({
        failure: describeFailure('StoreUnreachable', 'refused'),
        failedAttempts: 9,
        failingSince: new Date(NOW.getTime() - 119_999).toISOString(),
      });
      assert.deepEqual(await find({ run: runInProgress({ steps: [step] }) }), []);
    });

    it('include a run whose code fails, and one that no worker takes while others work', async () => {
      assert.deepEqual(await find({ run: runInProgress({ failedWorkflowTasks: 2 }) }), []);
      assert.deepEqual(await find({ run: runInProgress({ failedWorkflowTasks: 3 }) }), ['run-stuck']);
      const waitingForWorkerSince = since;
      assert.deepEqual(await find({ run: runInProgress({ waitingForWorkerSince }) }), ['run-stuck']);
      const now = new Date(NOW.getTime() - 1);
      assert.deepEqual(await find({ now, run: runInProgress({ waitingForWorkerSince }) }), []);
    });

    it('include what has failed for good', async () => {
      const report = { ...(await refreshedReport()), failures: [failure()] };
      assert.deepEqual(await find({ run: runInProgress({ report }) }), ['part-failed']);
    });
  });

  describe('about the last run', () => {
    async function afterFailure(
      failed: FailureReport,
      run: { report?: Partial<RefreshReport>; storesDone?: string[]; stepsDone?: number } = {},
    ): Promise<string[]> {
      const good = await refreshedReport();
      const report: RefreshReport = { ...good, outcome: 'incomplete', failures: [failed] };
      const { stepsDone = 5, storesDone = [] } = run;
      const progress = { stepsDone, stepsInProgress: 0, storesDone };
      const now = { ...good, docker: [], ...run.report };
      return find({ report, lastRun: lastRun(report), run: runInProgress({ progress, report: now }) });
    }

    it('include each failure of an incomplete one', async () => {
      const report = await incompleteReport();
      const problems = await find({ report, lastRun: lastRun(report) });
      assert.deepEqual(
        problems,
        report.failures.map(() => 'last-run-incomplete'),
      );
    });

    it('include that it left no report', async () => {
      const none = {
        ...lastRun(await refreshedReport()),
        outcome: 'no report',
        reason: 'terminated',
      } as const;
      assert.deepEqual(await find({ lastRun: none }), ['last-run-without-report']);
    });

    it('do not include a store that the run in progress has refreshed', async () => {
      for (const stage of ['inspect', 'extract', 'update'] as const) {
        const failed = failure({ stage, registry: REGISTRY });
        assert.deepEqual(await afterFailure(failed), ['last-run-incomplete'], stage);
        assert.deepEqual(await afterFailure(failed, { storesDone: ['main'] }), [], stage);
      }
    });

    it('include a store at which the run in progress fails as well, once', async () => {
      const report = { failures: [failure()] };
      assert.deepEqual(await afterFailure(failure(), { storesDone: ['main'], report }), ['part-failed']);
    });

    it('do not include a Docker Engine from which the run in progress has logged in', async () => {
      const failed = failure({ stage: 'test', engine: 'unix:///a', registry: REGISTRY });
      const row = { engine: 'unix:///a', version: '1', registry: REGISTRY, fingerprint: null };
      for (const { login, expected } of [
        { login: 'ok', expected: [] },
        { login: 'inconclusive', expected: ['last-run-incomplete'] },
      ] as const) {
        assert.deepEqual(await afterFailure(failed, { report: { docker: [{ ...row, login }] } }), expected);
      }
    });

    it('do not include a denied pull that the run in progress has checked again', async () => {
      const failed = failure({ stage: 'test', registry: REGISTRY });
      assert.deepEqual(await afterFailure(failed, { report: { tokens: [] } }), ['last-run-incomplete']);
      assert.deepEqual(await afterFailure(failed), []);
    });

    it('do not include an invalid configuration that the run in progress has loaded', async () => {
      const failed: FailureReport = { ...failure({ stage: 'plan' }), type: 'ConfigInvalid' };
      assert.deepEqual(await afterFailure(failed, { stepsDone: 0 }), ['last-run-incomplete']);
      assert.deepEqual(await afterFailure(failed), []);
    });
  });

  describe('about tokens', () => {
    const EXPIRES = Date.parse('2026-01-01T12:00:00.000Z');
    const late = scheduleState({ nextRunsAt: [new Date(EXPIRES - 9 * 60_000)] });
    const soon = scheduleState({ nextRunsAt: [new Date(EXPIRES - 11 * 60_000)] });

    it('include one that has expired, also while a run is in progress', async () => {
      const now = new Date(EXPIRES);
      assert.deepEqual(await find({ now }), ['expired']);
      assert.deepEqual(await find({ now, run: runInProgress() }), ['expired']);
    });

    it('have a fix that names other problems only if there are any', async () => {
      const fix = async (facts: Partial<StatusFacts>): Promise<string | undefined> =>
        findProblems(await statusFacts({ now: new Date(EXPIRES), ...facts }), LIMITS).at(-1)?.remedy;
      const workers = queueWorkers({ isAlive: false });
      const run = runInProgress();
      assert.equal(await fix({}), 'Run `schedule trigger --wait`.');
      assert.equal(await fix({ run }), 'Wait for the end of the run in progress.');
      assert.equal(await fix({ workers }), 'Fix the other problems first, then run `schedule trigger`.');
      assert.equal(await fix({ workers, run }), 'Fix the other problems first.');
    });

    it('include one that expires before the next run, its jitter and five minutes have passed', async () => {
      assert.deepEqual(await find({ schedule: late }), ['expires-soon']);
      assert.deepEqual(await find({ schedule: soon }), []);
    });

    it('do not include one that a run in progress is about to replace, unless it expires within minutes', async () => {
      assert.deepEqual(await find({ schedule: late, run: runInProgress() }), []);
      const now = new Date(EXPIRES - 4 * 60_000);
      assert.deepEqual(await find({ now, run: runInProgress() }), ['expires-soon']);
    });

    it('include one that expires within the given time', async () => {
      const leftMs = EXPIRES - NOW.getTime();
      assert.deepEqual(await find({}, { expiresWithinMs: leftMs }), []);
      assert.deepEqual(await find({ run: runInProgress() }, { expiresWithinMs: leftMs + 1 }), [
        'expires-soon',
      ]);
    });

    describe('whose AWS session ends first', () => {
      const rowsWith = async (outlivesSession: boolean | null): Promise<Partial<StatusFacts>> => {
        const report = await refreshedReport();
        const usableUntil = '2026-01-01T02:00:00.000Z';
        const stores = report.stores.map((row) => ({ ...row, usableUntil, outlivesSession }));
        return { report: { ...report, stores } };
      };
      const afterSession = { now: new Date('2026-01-01T02:30:00.000Z') };

      for (const outlivesSession of [null, true]) {
        it(`do not include one while outlivesSession is ${outlivesSession}`, async () => {
          const facts = await rowsWith(outlivesSession);
          assert.deepEqual(await find(facts), []);
          assert.deepEqual(await find({ ...facts, ...afterSession }), []);
        });
      }

      it('include one that is known to end with it, with the fix', async () => {
        const facts = await rowsWith(false);
        assert.deepEqual(await find(facts), ['expires-soon']);
        assert.deepEqual(await find({ ...facts, ...afterSession }), ['expired']);
        const [problem] = findProblems(await statusFacts(facts), LIMITS);
        assert.match(problem?.message ?? '', /^the token in its connections ends with its AWS session in /);
        assert.match(problem?.remedy ?? '', /longer session/);
      });
    });

    it('are those of the run in progress where it has refreshed connections', async () => {
      const report = await refreshedReport();
      const [row] = report.stores;
      assert.ok(row);
      const newer = { ...row, expiresAt: '2026-01-01T16:00:00.000Z' };
      const progress = { stepsDone: 5, stepsInProgress: 1, storesDone: ['main'] };
      const facts = { report, run: runInProgress({ progress, report: { ...report, stores: [newer] } }) };
      assert.deepEqual(listRows(facts), [newer]);
      // Other connections of the row may still have the earlier token.
      const partial = { ...facts, run: { ...facts.run, progress: { ...progress, storesDone: [] } } };
      assert.deepEqual(listRows(partial), [row]);
      const untouched = { ...newer, refreshed: 0 };
      const early = { report, run: runInProgress({ report: { ...report, stores: [untouched] } }) };
      assert.deepEqual(listRows(early), [row]);
    });
  });
});
