// Records the histories in test/histories/current: run `node --import=tsx test/workflows/record-histories.ts` after
// each change to the sequence of activities. From release 0.1.0 on, recorded histories are kept: a worker of a later
// release must be able to continue runs that an earlier release started.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { Inspection, RefreshSteps } from '../../src/refresh/activity-types.js';
import { ENGINE, fakeSteps, listedStore, plannedStores } from '../fakes/fake-steps.js';
import { hangingCall, type HangingCall } from '../fakes/hanging-call.js';
import { startRun, startTestServer, startWorker } from './test-server.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const healthy = fakeSteps();

interface Scenario {
  readonly steps: RefreshSteps;
  /** When the first worker hangs here, it is stopped, and another worker continues. */
  readonly handover?: HangingCall;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  refreshed: { steps: healthy },
  retried: { steps: retriedSteps() },
  incomplete: {
    steps: fakeSteps({
      planRefresh: async () => ({ configHash: 'abc', stores: plannedStores('down', 'up'), engines: [] }),
      inspectConnections: async (input, how) => {
        if (input.store === 'down') throw new RefreshFailure('StoreUnreachable', 'Airflow down: refused.');
        return healthy.inspectConnections(input, how);
      },
    }),
  },
  partial: { steps: partlyRefreshed() },
  many: { steps: manyMatching() },
  'two-workers': handedOver(),
};

/** The update of one store fails, a connection of the other is rejected, and the rest is refreshed. */
function partlyRefreshed(): RefreshSteps {
  return fakeSteps({
    planRefresh: async () => ({
      configHash: 'abc',
      stores: plannedStores('main', 'broken'),
      engines: [ENGINE],
    }),
    inspectConnections: async (input, how) => {
      const inspection = await healthy.inspectConnections(input, how);
      if (input.store === 'broken') return inspection;
      const { type, scope, message, remedy } = new RefreshFailure(
        'ConnectionMissing',
        'Airflow has no connection docker_eu.',
      );
      return { ...inspection, refused: [{ connection: 'docker_eu', type, scope, message, remedy }] };
    },
    updateConnections: async (input, how) => {
      if (input.store !== 'broken') return healthy.updateConnections(input, how);
      throw new RefreshFailure('StoreRequestRejected', 'Airflow broken: 400.');
    },
  });
}

/** The third attempt gets a token; then an update must retry one connection. */
function retriedSteps(): RefreshSteps {
  let throttled = 0;
  return fakeSteps({
    inspectConnections: async (input, how) => {
      const { writable, ...rest } = await healthy.inspectConnections(input, how);
      const connections = ['docker_default', 'docker_eu'];
      return { ...rest, writable: writable.map((part) => ({ ...part, connections })) };
    },
    extractToken: async (input, how) => {
      throttled += 1;
      if (throttled < 3) throw new RefreshFailure('AwsThrottled', 'ECR throttled the request.');
      return healthy.extractToken(input, how);
    },
    updateConnections: async (input, how) => {
      const outcome = await healthy.updateConnections(input, how);
      if (input.attemptsBefore > 0) return outcome;
      const { type, scope, message, remedy } = new RefreshFailure(
        'StoreUnavailable',
        'Airflow main: 503.',
        undefined,
        { scope: 'connection' },
      );
      const toRetry = [{ connection: 'docker_eu', type, scope, message, remedy }];
      return { ...outcome, written: ['docker_default'], toRetry };
    },
  });
}

/** Named connections and a list of two pages, the first of which has the maximum size. */
function manyMatching(): RefreshSteps {
  return fakeSteps({
    planRefresh: async () => ({
      configHash: 'abc',
      stores: [{ ...listedStore(), named: 1 }],
      engines: [ENGINE],
    }),
    inspectConnections: async (input, how) => {
      const inspection = await healthy.inspectConnections(input, how);
      if (!('listed' in input.target)) return withIds(inspection, 'named', 10);
      const { offset, limit } = input.target.listed;
      const rows = Math.min(limit, 140 - offset);
      return {
        ...withIds(inspection, `part_${offset}`, rows - 1),
        skipped: { count: 1, first: [`quay_${offset}`] },
        list: { rows, total: 140, first: `part_${offset}_0`, isComplete: true },
      };
    },
  });
}

/** Replaces the connections with `count` new ones; the first named one is to be created. */
function withIds(inspection: Inspection, prefix: string, count: number): Inspection {
  const connections = Array.from({ length: count }, (_, index) => `${prefix}_${index}`);
  const toCreate = prefix === 'named' ? { toCreate: connections.slice(0, 1) } : {};
  return {
    ...inspection,
    writable: inspection.writable.map((part) => ({ ...part, connections, ...toCreate })),
  };
}

/** The first worker is stopped during the update. */
function handedOver(): Scenario {
  const handover = hangingCall();
  const steps = fakeSteps({
    updateConnections: async (input, how) => {
      const { cancellationSignal } = Context.current();
      return input.attemptsBefore === 0
        ? handover.wait(cancellationSignal)
        : healthy.updateConnections(input, how);
    },
  });
  return { steps, handover };
}

/** Removes process, host and folder of the recording machine. */
function anonymous(history: History): string {
  return historyToJSON(history)
    .replaceAll(ROOT, '/')
    .replaceAll(/airflow-ecr-refresh\/[\w.-]+@[\w.-]+#\d+(?: \(config \w+\))?|\b\d+@[\w.-]+/g, 'recorder');
}

mkdirSync(new URL('../histories/current/', import.meta.url), { recursive: true });
const env = await startTestServer();
for (const [name, { steps, handover }] of Object.entries(SCENARIOS)) {
  const file = fileURLToPath(new URL(`../histories/current/${name}.json`, import.meta.url));
  const worker = await startWorker(env, name, steps, handover && 'worker-1');
  const handle = await startRun(env, name);
  await handover?.reached;
  if (handover) await worker.stop();
  const other = handover && (await startWorker(env, name, steps, 'worker-2'));
  await handle.result().catch(() => undefined);
  writeFileSync(file, `${anonymous(await handle.fetchHistory())}\n`);
  await (other ?? worker).stop();
}
await env.teardown();
