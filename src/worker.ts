// Starts and stops the Temporal worker. Its activities are in activities/, its workflow in workflows/.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { failureInterceptor } from './activities/failure-interceptor.js';
import { temporalActivities } from './activities/temporal-activities.js';
import { createApp } from './app.js';
import { loadConfig } from './config/load.js';
import { formatProblem } from './config/config-error.js';
import type { RefreshConfig } from './config/refresh-config.js';
import type { Logger } from './log/logger.js';
import { STORES_EDITED_WARNING } from './refresh/scheduled-stores.js';
import { checkStoresAtStart } from './schedule/check-stores.js';
import { CurrentSettings } from './temporal/worker/current-settings.js';
import { findNetworkWarnings } from './net/network-warnings.js';
import { DATA_CONVERTER } from './temporal/data-converter.js';
import { TemporalHealth } from './temporal/worker/health.js';
import { createRunLogSinks } from './temporal/run-log.js';
import { temporalLogger } from './temporal/worker/sdk-logger.js';
import { formatSettingProblem } from './temporal/settings/settings-error.js';
import { superviseWorker } from './temporal/worker/supervise-worker.js';
import type { WorkerConnection } from './temporal/worker/worker-connection.js';
import { formatIdentity } from './temporal/worker-identity.js';
import { VERSION } from './version.js';

/**
 * Runs the worker until `stop` is aborted: waits for Temporal, and works. Then it accepts no new work, gives
 * activities 30 s to finish, and leaves the rest to other workers. Wait at least 45 s before killing it.
 *
 * @throws ConfigError, TemporalSettingsInvalid before it connects to anything; TemporalUnavailable when Temporal refuses
 *   it; OtherDeployment when the schedule was applied for other stores; WorkerFailed
 */
export async function runWorker(configPath: string, logger: Logger, stop: AbortSignal): Promise<void> {
  const config = loadConfig(configPath);
  const settings = new CurrentSettings(logger);
  logWarnings(config, logger);
  for (const warning of [...settings.current.warnings, ...findNetworkWarnings()]) {
    logger.warn({ warning: formatSettingProblem(warning) }, 'configuration warning');
  }
  const { activities } = createApp(config, {
    onConfigChange: (edited, previous) => logChange(edited, previous, logger),
  });
  const { address, namespace } = settings.current;
  const health = new TemporalHealth(logger.child({ address }));
  let lastError: unknown;
  Runtime.install({
    logger: temporalLogger(logger, {
      onFailedCall: (call) => health.recordFailedCall(call),
      onWorkerError: (error) => (lastError = error),
      removeSecrets: (text) => settings.removeSecrets(text),
    }),
    // Signals are handled here: the SDK handles only the first one.
    shutdownSignals: [],
    // Debug logs of the core contain whole tasks; operators need only its warnings.
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} } },
  });

  async function createWorker({ connection }: WorkerConnection): Promise<Worker> {
    lastError = undefined;
    const client = new Client({ connection, namespace, dataConverter: DATA_CONVERTER });
    await checkSchedule(client, config, logger);
    return Worker.create({
      ...workflowCode(),
      ...LIMITS,
      dataConverter: DATA_CONVERTER,
      connection,
      namespace,
      taskQueue: config.taskQueue,
      identity: formatIdentity({
        version: VERSION,
        host: hostname(),
        pid: process.pid,
        configHash: config.hash,
      }),
      activities: temporalActivities(activities),
      interceptors: { activity: [failureInterceptor(logger)] },
      sinks: createRunLogSinks(logger),
    });
  }

  stop.addEventListener('abort', () => {
    logger.info({ signal: stop.reason }, `shutting down, up to ${LIMITS.shutdownGraceTime} for activities`);
  });
  await superviseWorker({
    settings,
    health,
    logger,
    stop,
    taskQueue: config.taskQueue,
    createWorker,
    findWorkerError: () => lastError,
    onStart: () => {
      const { taskQueue, hash: configHash } = config;
      const fields = { version: VERSION, address, namespace, taskQueue, configHash, pid: process.pid };
      logger.info(fields, 'worker started');
    },
  });
  logger.info({}, 'worker stopped');
}

/** Called once per configuration: at the start, and after a valid edit of the file. */
export function logWarnings({ path, warnings }: RefreshConfig, logger: Logger): void {
  for (const warning of warnings) {
    logger.warn({ warning: formatProblem(path, warning) }, 'configuration warning');
  }
}

function logChange(edited: RefreshConfig, previous: RefreshConfig, logger: Logger): void {
  logger.info({ configHash: edited.hash, previousHash: previous.hash }, 'configuration changed');
  logWarnings(edited, logger);
}

/** Explicit limits, as recommended for production. Activities mostly wait for other services. */
const LIMITS = {
  maxConcurrentActivityTaskExecutions: 500,
  maxConcurrentWorkflowTaskExecutions: 10,
  maxCachedWorkflows: 100,
  // With the default of 0, SIGTERM would abort activities immediately, which counts as a failed attempt.
  shutdownGraceTime: '30 s',
  shutdownForceTime: '35 s',
} satisfies Partial<WorkerOptions>;

/** The built worker uses the bundle of `npm run build`; from source the bundle is created at the start. */
function workflowCode(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const bundle = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  const isBuilt = import.meta.url.endsWith('.js');
  if (isBuilt && existsSync(bundle)) return { workflowBundle: { codePath: bundle } };
  return {
    workflowsPath: fileURLToPath(new URL(`workflows/index.${isBuilt ? 'js' : 'ts'}`, import.meta.url)),
  };
}

/** A worker of another deployment would refresh its own stores in the runs of this schedule. */
async function checkSchedule(client: Client, config: RefreshConfig, logger: Logger): Promise<void> {
  const match = await checkStoresAtStart(client, config);
  if (match === 'overlapping') logger.warn({ warning: STORES_EDITED_WARNING }, 'configuration warning');
}
