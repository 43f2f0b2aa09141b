import assert from 'node:assert/strict';
import { describeFailure, FAILURES, RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { REFRESH_INCOMPLETE } from '../../src/refresh/report.js';
import type { ConnectionProblem } from '../../src/refresh/activity-types.js';
import { ENGINE, fakeSteps, listedStore, REGISTRY } from '../fakes/fake-steps.js';
import { durationMs, MINUTE_MS, scheduledActivities, useTestServer, type Run } from './test-server.js';
import { PROCESS_REMEDIES } from '../../src/refresh/remedies/process.js';

const MAX_REPORT_BYTES = 256 * 1024;
const healthy = fakeSteps();

/** Size in bytes of the encoded report in the event that ends the run. */
function reportBytes({ history }: Run): number {
  const ending = history.events?.at(-1)?.workflowExecutionFailedEventAttributes;
  const payloads = ending?.failure?.applicationFailureInfo?.details?.payloads ?? [];
  assert.equal(payloads.length, 1);
  return payloads[0]?.data?.length ?? NaN;
}

describe('a partly failed run', function () {
  this.timeout(180_000);
  const server = useTestServer();

  it('reports a missing connection and refreshes the others', async () => {
    const problem = new RefreshFailure('ConnectionMissing', 'Airflow has no connection docker_eu.');
    const { type, scope, message, remedy } = problem;
    const run = await server.run(
      fakeSteps({
        inspectConnections: async (input, how) => ({
          ...(await healthy.inspectConnections(input, how)),
          refused: [{ connection: 'docker_eu', type, scope, message, remedy }],
        }),
      }),
    );
    const { report, failure } = run;
    assert.equal(failure?.type, REFRESH_INCOMPLETE);
    assert.equal(report.outcome, 'incomplete');
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [1, 0]);
    assert.deepEqual(
      report.failures.map((failed) => [failed.stage, failed.type, failed.connections, failed.count]),
      [['inspect', 'ConnectionMissing', ['docker_eu'], 1]],
    );
    assert.ok(durationMs(report) < MINUTE_MS, 'the run waited for a missing connection');
    assert.equal(report.docker[0]?.login, 'ok');
  });

  it('reports that connections were refreshed if only the Docker test fails', async () => {
    const run = await server.run(
      fakeSteps({
        testDocker: async () => {
          throw new RefreshFailure('DockerEngineUnreachable', 'The Docker Engine does not respond.');
        },
      }),
    );
    const { report, failure, history } = run;
    assert.equal(failure?.type, REFRESH_INCOMPLETE);
    assert.equal(
      history.events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure?.message,
      `1 connection refreshed; failed: DockerEngineUnreachable at test (${REGISTRY}, ${ENGINE})`,
    );
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [1, 0]);
    assert.ok(Date.parse(report.stores[0]?.lastRefreshedAt ?? '') < Date.parse(report.finishedAt));
    assert.deepEqual(
      report.failures.map(({ stage, type }) => [stage, type]),
      [['test', 'DockerEngineUnreachable']],
    );
    assert.match(FAILURES.DockerEngineUnreachable.meaning, /were refreshed anyway/);
    assert.ok(durationMs(report) < 16 * MINUTE_MS, `ended after ${durationMs(report)} ms`);
  });

  it('does not change connections whose registry rejects the token', async () => {
    const { report, history } = await server.run(
      fakeSteps({
        extractToken: async () => {
          throw new RefreshFailure('TokenRejected', `${REGISTRY}: 403`);
        },
      }),
    );
    assert.equal(scheduledActivities(history, 'updateConnections').length, 0);
    assert.deepEqual(
      report.failures.map(({ stage, type, connections }) => [stage, type, connections]),
      [['extract', 'TokenRejected', ['docker_default']]],
    );
  });

  it('reports thousands of failures in at most 256 KB', async () => {
    const airflows = Array.from({ length: 40 }, (_, index) => `airflow-${index}`);
    const run = await server.run(
      fakeSteps({
        planRefresh: async () => ({
          configHash: 'abc',
          stores: airflows.map((name) => listedStore(name)),
          engines: [],
        }),
        inspectConnections: async (input, how) => ({
          ...(await healthy.inspectConnections(input, how)),
          refused: Array.from({ length: 98 }, (_, index) => problemOf(input.store, index)),
          list: { rows: 99, total: 99, isComplete: true },
        }),
      }),
    );
    assert.equal(run.failure?.type, REFRESH_INCOMPLETE);
    const bytes = reportBytes(run);
    assert.ok(bytes <= MAX_REPORT_BYTES, `${bytes} bytes`);
    assert.ok(bytes > MAX_REPORT_BYTES / 4, `${bytes} bytes: the report was truncated too much`);
    assert.ok(run.report.failures.length > 0);
    assert.match(run.report.warnings.join('\n'), /too long: its failures list was truncated/);
    // Refreshed connections are reported anyway.
    assert.equal(run.report.stores.length, 40);
    assert.ok(run.report.stores.every(({ refreshed }) => refreshed === 1));
    assert.match(run.failure?.message ?? '', /^40 connections refreshed; failed: /);
  });
});

/**
 * Cycles through all failure types, in a script with three bytes per character. Only one failure of each type has a
 * long message, and the remedies are short, because the server returns whole histories of at most 4 MB.
 */
function problemOf(airflow: string, index: number): ConnectionProblem {
  const types = Object.keys(FAILURES) as FailureType[];
  const type = types[index % types.length] ?? 'Unexpected';
  return {
    connection: `${airflow}_${index}_${'接'.repeat(17)}`,
    ...describeFailure(type, index < types.length ? '続'.repeat(400) : 'short'),
    remedy: PROCESS_REMEDIES.freeSpace,
  };
}
