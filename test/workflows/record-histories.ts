// Records the histories in test/histories/current: `node --import=tsx test/workflows/record-histories.ts`, after each
// change of the sequence of activities. From release 0.1.0 on the recorded ones are kept, since a worker of a later
// release must be able to continue runs that an earlier one began.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { ENGINE, fakeSteps, plannedStores } from '../fakes/fake-steps.js';
import { hangingCall, type HangingCall } from '../fakes/hanging-call.js';
import { startRun, startTestServer, startWorker } from './test-server.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const good = fakeSteps();
let throttled = 0;

interface Scenario {
  readonly steps: RefreshSteps;
  /** When the first worker hangs here it is stopped, and another one goes on. */
  readonly handover?: HangingCall;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  refreshed: { steps: good },
  retried: {
    steps: fakeSteps({
      extractToken: async (input) => {
        throttled += 1;
        if (throttled < 3) throw new RefreshFailure('AwsThrottled', 'ECR asked for fewer requests.');
        return good.extractToken(input);
      },
    }),
  },
  incomplete: {
    steps: fakeSteps({
      planRefresh: async () => ({ configHash: 'abc', stores: plannedStores('down', 'up'), engines: [] }),
      inspectConnections: async (input) => {
        if (input.store === 'down') throw new RefreshFailure('StoreUnreachable', 'Airflow down: refused.');
        return good.inspectConnections(input);
      },
    }),
  },
  partial: { steps: partlyRefreshed() },
  many: { steps: manyMatching() },
  'two-workers': handedOver(),
};

/** One airflow fails at its update, a connection of the other is refused, and the rest is refreshed. */
function partlyRefreshed(): RefreshSteps {
  return fakeSteps({
    planRefresh: async () => ({
      configHash: 'abc',
      stores: plannedStores('main', 'broken'),
      engines: [ENGINE],
    }),
    inspectConnections: async (input) => {
      const inspection = await good.inspectConnections(input);
      if (input.store === 'broken') return inspection;
      const { type, scope, message, remedy } = new RefreshFailure(
        'ConnectionMissing',
        'Airflow has no connection docker_eu.',
      );
      return { ...inspection, refused: [{ connection: 'docker_eu', type, scope, message, remedy }] };
    },
    updateConnections: async (input) => {
      if (input.store !== 'broken') return good.updateConnections(input);
      throw new RefreshFailure('StoreRequestRejected', 'Airflow broken: 400.');
    },
  });
}

/** A page of ids and two pages of a list: 120 connections, more than one update takes. */
function manyMatching(): RefreshSteps {
  return fakeSteps({
    inspectConnections: async (input) => {
      const inspection = await good.inspectConnections(input);
      const [part] = inspection.writable;
      if (!part) return inspection;
      const ids = Array.from({ length: 40 }, (_, index) => `page_${input.page}_${index}`);
      const toCreate = input.page === 0 ? { toCreate: ids.slice(0, 1) } : {};
      return {
        ...inspection,
        writable: [{ ...part, connections: ids, ...toCreate }],
        nextPage: input.page < 2 ? input.page + 1 : null,
        ...(input.page === 0 ? {} : { skipped: { count: 1, first: ['quay'] } }),
      };
    },
  });
}

/** The worker that began the update is stopped in the middle of it. */
function handedOver(): Scenario {
  const handover = hangingCall();
  const steps = fakeSteps({
    updateConnections: async (input) => {
      const { info, cancellationSignal } = Context.current();
      return info.attempt === 1 ? handover.wait(cancellationSignal) : good.updateConnections(input);
    },
  });
  return { steps, handover };
}

/** Who recorded it and where, process, host and folder, is nobody's business. */
function anonymous(history: History): string {
  return historyToJSON(history)
    .replaceAll(ROOT, '/')
    .replaceAll(/\b\d+@[\w.-]+/g, 'recorder');
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
