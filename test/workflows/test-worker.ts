// A worker with the real interceptor and fake steps, and one bundle of the workflow code for the whole test run.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { failureInterceptor } from '../../src/activities/failure-interceptor.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { createLogger } from '../../src/log/logger.js';
import { createRunLogSinks } from '../../src/temporal/run-log.js';
import { DATA_CONVERTER } from '../../src/temporal/data-converter.js';
import { formatIdentity } from '../../src/temporal/worker-identity.js';
import { temporalLogger } from '../../src/temporal/worker/sdk-logger.js';

const silent = createLogger('silent');
const TEST_IDENTITY = formatIdentity({
  version: '0.0.0',
  host: 'test',
  pid: process.pid,
  configHash: null,
});

let bundle: Promise<{ code: string }> | undefined;
let isRuntimeInstalled = false;

/** Call it before the first test environment is created: Temporal's runtime can be installed only once. */
export function installQuietRuntime(): void {
  if (isRuntimeInstalled) return;
  isRuntimeInstalled = true;
  Runtime.install({
    logger: temporalLogger(silent),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}

export function workflowBundle(): Promise<{ code: string }> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    ...DATA_CONVERTER,
    logger: temporalLogger(silent),
  });
  return bundle;
}

/**
 * @param identity set it if a run uses several workers. These do not cache workflows: the test server does not reassign
 *   a workflow task for the cache of a stopped worker.
 */
export async function createTestWorker(
  connection: NativeConnection,
  taskQueue: string,
  steps: RefreshSteps,
  identity?: string,
  logger = silent,
): Promise<Worker> {
  return Worker.create({
    connection,
    namespace: 'default',
    taskQueue,
    dataConverter: DATA_CONVERTER,
    ...(identity === undefined ? { identity: TEST_IDENTITY } : { identity, maxCachedWorkflows: 0 }),
    workflowBundle: await workflowBundle(),
    activities: steps,
    interceptors: { activity: [failureInterceptor(logger)] },
    sinks: createRunLogSinks(logger),
  });
}
