import assert from 'node:assert/strict';
import { FakeClock } from '../fakes/fake-clock.js';
import {
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  FakeEngine,
  fakeSource,
  idRules,
  NOW,
} from '../fakes/fake-ports.js';
import { createInProcessSteps, RETRY_FOR_MS, toFailureInfo } from '../../src/refresh-once/run-in-process.js';
import type { RefreshActivities } from '../../src/activities/index.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import { refresh } from '../../src/refresh/flow.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';

const HOUR_MS = 3_600_000;
const NAMED = Array.from({ length: 10 }, (_, index) => `named_${index}`);
const LISTED = Array.from({ length: 20 }, (_, index) => `team_${String(index).padStart(2, '0')}`);
/** Each of these connections fails in a different way; the other 26 must be written. */
const HANGS = 'named_3';
const MISSING = 'named_7';
const MALFORMED = 'team_05';
const REJECTED = 'team_11';
const FAILING = [HANGS, MISSING, MALFORMED, REJECTED];

/** Shortens attempts, so that the test need not wait long for a request that hangs. */
function shortenAttempts(activities: RefreshActivities): RefreshActivities {
  const shorten = (attempt: Attempt): Attempt => ({ ...attempt, limitMs: 400 });
  return {
    ...activities,
    inspectConnections: (attempt, input) => activities.inspectConnections(shorten(attempt), input),
    updateConnections: (attempt, input) => activities.updateConnections(shorten(attempt), input),
  };
}

describe('a run in which four of thirty connections fail, each in a different way', () => {
  async function run(airflow: FakeAirflow): Promise<RefreshReport> {
    const rules = [...idRules(NAMED), { kind: 'match', pattern: 'team_*' } as const];
    const source = fakeSource({ airflow, rules, engine: new FakeEngine() });
    const clock = new FakeClock(NOW.getTime());
    const deadlineMs = clock.now + 24 * HOUR_MS;
    const steps = createInProcessSteps(shortenAttempts(fakeActivities(source)), 'run-1', deadlineMs, clock);
    return refresh(steps, {
      runId: 'run-1',
      previous: undefined,
      now: () => new Date(clock.now),
      deadlineMs,
      retryForMs: RETRY_FOR_MS,
      wait: (ms) => clock.wait(ms),
      describe: toFailureInfo,
    });
  }

  for (const { title, changes } of [
    { title: 'that accepts bulk writes', changes: { atOnce: 100 } },
    {
      title: 'that accepts only single writes, and omits fields in its lists',
      changes: { isComplete: false },
    },
  ]) {
    describe(`with a store ${title}`, () => {
      let airflow: FakeAirflow;
      let report: RefreshReport;

      beforeEach(async () => {
        const stored = [...NAMED, ...LISTED].filter((id) => id !== MISSING);
        airflow = Object.assign(new FakeAirflow(stored.map((id) => dockerConnection({ id }))), changes);
        airflow.malformed.add(MALFORMED);
        airflow.onCall = (call, id) => {
          if (call === 'read' && id === HANGS) return new Promise<void>(() => undefined);
          if (call === 'write' && id === REJECTED)
            throw new RefreshFailure('StoreRequestRejected', 'HTTP 422.');
          return undefined;
        };
        report = await run(airflow);
      });

      it('writes the other 26', () => {
        const healthy = [...NAMED, ...LISTED].filter((id) => !FAILING.includes(id));
        assert.deepEqual([...airflow.passwords.keys()].toSorted(), healthy);
        assert.deepEqual(new Set(airflow.passwords.values()), new Set(['password-1']));
        assert.deepEqual([report.stores[0]?.refreshed, healthy.length], [26, 26]);
      });

      it('reports each of the four with its own failure', () => {
        assert.equal(report.outcome, 'incomplete');
        assert.deepEqual(
          report.failures
            .flatMap(({ stage, type, scope, connections }) =>
              connections.map((id) => [id, stage, type, scope].join(' ')),
            )
            .toSorted(),
          [
            `${HANGS} inspect ConnectionUnavailable connection`,
            `${MISSING} inspect ConnectionMissing connection`,
            `${MALFORMED} inspect ConnectionUnavailable connection`,
            `${REJECTED} update StoreRequestRejected connection`,
          ],
        );
      });

      it('tests the login, without warnings', () => {
        assert.deepEqual([report.docker[0]?.login, report.warnings], ['ok', []]);
      });

      it('reads the connection that hangs in four attempts, and the others once', () => {
        const reads = airflow.callsOf('read');
        assert.equal(reads.filter((id) => id === HANGS).length, 4);
        assert.ok(
          NAMED.filter((id) => id !== HANGS).every((id) => reads.filter((read) => read === id).length === 1),
        );
      });
    });
  }
});
