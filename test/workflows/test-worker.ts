// A worker with the real interceptor and fake steps, and one bundle of the workflow code for the whole test run.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { failureInterceptor } from '../../src/activities/failure-interceptor.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { createLogger } from '../../src/log/logger.js';
import { temporalLogger } from '../../src/temporal/sdk-logger.js';

const silent = createLogger('silent');
let bundle: Promise<{ code: string }> | undefined;
let isRuntimeInstalled = false;

/** Call before the first test environment is made: Temporal's runtime can be installed once only. */
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
    logger: temporalLogger(silent),
  });
  return bundle;
}

/**
 * @param identity of one of several workers of a run. These keep no workflows in their cache: the test server never
 *   takes a task back that it meant for the cache of a worker that is gone.
 */
export async function createTestWorker(
  connection: NativeConnection,
  taskQueue: string,
  steps: RefreshSteps,
  identity?: string,
): Promise<Worker> {
  return Worker.create({
    connection,
    namespace: 'default',
    taskQueue,
    ...(identity === undefined ? {} : { identity, maxCachedWorkflows: 0 }),
    workflowBundle: await workflowBundle(),
    activities: steps,
    interceptors: { activity: [failureInterceptor(silent)] },
  });
}
