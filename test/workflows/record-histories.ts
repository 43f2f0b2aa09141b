// Records the histories in test/histories, once for each released shape of the workflow:
// `node --import=tsx test/workflows/record-histories.ts VERSION`. Recorded ones are never written over: a worker of
// a later release must still be able to go on with runs that an earlier one began.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTestServer } from '../../sandbox/temporal.js';
import { RefreshFailure } from '../../src/domain/failures.js';
import type { RefreshSteps } from '../../src/domain/steps.js';
import { refreshCredentials } from '../../src/workflows/index.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { createTestWorker, installQuietRuntime } from './test-worker.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MINUTE_MS = 60_000;
const good = fakeSteps();
let throttled = 0;

const SCENARIOS: Readonly<Record<string, RefreshSteps>> = {
  refreshed: good,
  retried: fakeSteps({
    extractToken: async (input) => {
      throttled += 1;
      if (throttled < 3) throw new RefreshFailure('AwsThrottled', 'ECR asked for fewer requests.');
      return good.extractToken(input);
    },
  }),
  incomplete: fakeSteps({
    planRefresh: async () => ({ configHash: 'abc', airflows: ['down', 'up'], engines: [] }),
    inspectConnections: async (input) => {
      if (input.airflow === 'down') throw new RefreshFailure('AirflowUnreachable', 'Airflow down: refused.');
      return good.inspectConnections(input);
    },
  }),
};

const [version] = process.argv.slice(2);
if (!version) throw new Error('Usage: record-histories.ts VERSION');
installQuietRuntime();
const executable = { type: 'existing-path', path: await findTestServer() } as const;
const env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
for (const [name, steps] of Object.entries(SCENARIOS)) {
  const file = fileURLToPath(new URL(`../histories/${version}-${name}.json`, import.meta.url));
  if (existsSync(file)) continue;
  const worker = await createTestWorker(env.nativeConnection, name, steps);
  const history = await worker.runUntil(async () => {
    const handle = await env.client.workflow.start(refreshCredentials, {
      taskQueue: name,
      workflowId: name,
      args: [{ retryForMs: 225 * MINUTE_MS }],
      workflowExecutionTimeout: 230 * MINUTE_MS,
    });
    await handle.result().catch(() => undefined);
    return handle.fetchHistory();
  });
  // Who recorded it and where, process, host and folder, is nobody's business.
  const json = historyToJSON(history)
    .replaceAll(ROOT, '/')
    .replaceAll(/\b\d+@[\w.-]+/g, 'recorder');
  writeFileSync(file, `${json}\n`);
}
await env.teardown();
