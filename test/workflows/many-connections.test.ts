import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WriteResult } from '../../src/stores/port.js';
import { temporalActivities } from '../../src/activities/temporal-activities.js';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { Secret } from '../../src/log/secret.js';
import {
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  FakeEngine,
  FakeIssuer,
  fakeSource,
  issuedToken,
} from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';
import { hangingCall, type HangingCall } from '../fakes/hanging-call.js';
import { endOf, MINUTE_MS, scheduledActivities, useTestServer } from './test-server.js';

const ECR: ConnectionRule = { kind: 'match', pattern: '*_ecr' };

function airflowOf(count: number): FakeAirflow {
  const ids = Array.from({ length: count }, (_, index) => `team_${String(index).padStart(5, '0')}_ecr`);
  const airflow = new FakeAirflow(ids.map((id) => dockerConnection({ id })));
  airflow.atOnce = 100;
  return airflow;
}

/** The real activities of one worker with fake ports. */
function stepsOver(airflow: FakeAirflow, worker = 'a'): RefreshSteps {
  const issuer = new FakeIssuer();
  issuer.answer = () => issuedToken(`password-of-${worker}`);
  const source = fakeSource({ airflow, rules: [ECR], engine: new FakeEngine() });
  return temporalActivities(fakeActivities(source, { issuer }));
}

/** Writes the first half of a bulk request, and does not respond. */
class HangingAirflow extends FakeAirflow {
  hanging: HangingCall | undefined;

  override async write(
    connections: readonly ConnectionRecord[],
    password: Secret,
    signal?: AbortSignal,
  ): Promise<readonly WriteResult[]> {
    if (!this.hanging || !signal) return super.write(connections, password);
    await super.write(connections.slice(0, connections.length / 2), password);
    return this.hanging.wait(signal);
  }
}

describe('a run with many connections', function () {
  this.timeout(120_000);
  const server = useTestServer();

  it('refreshes 10,000 matching connections with few events and a small report', async () => {
    const airflow = airflowOf(10_000);
    for (let index = 0; index < 50; index += 1) {
      const id = `quay_${index}_ecr`;
      airflow.add({ id, host: 'quay.io' });
    }
    const startedMs = performance.now();
    const { report, history, calls } = await server.run(stepsOver(airflow));
    const tookMs = performance.now() - startedMs;
    assert.equal(report.outcome, 'refreshed', JSON.stringify(report.failures));
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [10_000, 0]);
    assert.equal(airflow.passwords.size, 10_000);
    assert.deepEqual(new Set(airflow.passwords.values()), new Set(['password-of-a']));
    assert.equal(scheduledActivities(history, 'updateConnections').length, 101);
    assert.equal(scheduledActivities(history, 'inspectConnections').length, 101);
    // One request to read and one to write for each part of the list.
    assert.equal(airflow.calls.length, 101 + 101);
    assert.ok(calls.every(({ attempt }) => attempt === 1));
    assert.ok((history.events ?? []).length < 3000, `${history.events?.length} events`);
    assert.ok(JSON.stringify(report).length < 4000, `${JSON.stringify(report).length} characters`);
    assert.equal(report.warnings.length, 1);
    assert.match(report.warnings[0] ?? '', /^Skipped 50 docker connections of main matched by a pattern/);
    assert.ok(tookMs < MINUTE_MS, `${tookMs} ms`);
  });

  it('writes connections of a stopped worker again, on another worker with another token', async () => {
    const airflow = new HangingAirflow([...airflowOf(100).connections.values()]);
    airflow.atOnce = 100;
    airflow.hanging = hangingCall();
    const taskQueue = randomUUID();
    const first = await server.startWorker(taskQueue, stepsOver(airflow, 'a'), 'worker-1');
    const handle = await server.start(taskQueue);
    await airflow.hanging.reached;
    const holding = (worker: string): number =>
      [...airflow.passwords.values()].filter((password) => password === `password-of-${worker}`).length;
    assert.deepEqual([holding('a'), holding('b')], [50, 0]);
    await first.stop();
    airflow.hanging = undefined;
    airflow.calls.length = 0;
    await server.startWorker(taskQueue, stepsOver(airflow, 'b'), 'worker-2');
    const { report } = await endOf(handle);
    assert.equal(report.outcome, 'refreshed');
    assert.equal(report.stores[0]?.refreshed, 100);
    assert.deepEqual([holding('a'), holding('b')], [0, 100]);
    // The other worker reads them again first, with one request for the page.
    assert.deepEqual(
      airflow.calls.map((call) => call.split(' ')[0]),
      ['list', 'bulk'],
    );
    assert.deepEqual(
      new Set(report.tokens.map(({ fingerprint }) => fingerprint)),
      new Set(['a', 'b'].map((worker) => new Secret(`password-of-${worker}`).fingerprint())),
    );
    assert.deepEqual(report.warnings, []);
  });

  it('counts only connections not written as failed if Airflow becomes unreachable during the run', async () => {
    const airflow = airflowOf(300);
    airflow.onCall = (call) => {
      const isDown = airflow.passwords.size >= 150;
      if (call !== 'list' && isDown) throw new RefreshFailure('StoreUnreachable', 'Airflow main: refused.');
    };
    const { report } = await server.run(stepsOver(airflow), { retryForMs: 20 * MINUTE_MS });
    assert.equal(airflow.passwords.size, 200);
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [200, 100]);
    assert.deepEqual(
      report.failures.map(({ stage, registry, type, count }) => [stage, registry, type, count]),
      [['update', REGISTRY, 'StoreUnreachable', 100]],
    );
  });
});
