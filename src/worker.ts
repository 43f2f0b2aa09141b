// Starts and stops the Temporal worker. Its activities are in activities/, its workflow in workflows/.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { failureInterceptor } from './activities/failure-interceptor.js';
import { temporalActivities } from './activities/temporal-activities.js';
import { createApp } from './app.js';
import { loadConfig } from './config/load.js';
import { formatProblem } from './config/config-error.js';
import type { RefreshConfig } from './config/refresh-config.js';
import type { Logger } from './log/logger.js';
import { STORES_EDITED_WARNING } from './refresh/scheduled-stores.js';
import { checkStoresAtStart } from './schedule/check-stores.js';
import { readTemporalSettings, unavailable, type TemporalSettings } from './temporal/settings.js';
import { describeUnavailable } from './temporal/unavailable.js';
import { createRunLogSinks } from './temporal/run-log.js';
import { temporalLogger } from './temporal/sdk-logger.js';
import { formatIdentity } from './temporal/worker-identity.js';
import { VERSION } from './version.js';
import { HEALTH_CHECK_INTERVAL_MS, TemporalHealth } from './temporal/health.js';

/**
 * Runs the worker until SIGTERM or SIGINT. Then it accepts no new work, gives activities 30 s to finish, and leaves the
 * rest to other workers. Wait at least 45 s before killing it.
 *
 * @throws ConfigError before it connects to anything; TemporalUnavailable; OtherDeployment when the schedule was applied
 *   for other stores
 */
export async function runWorker(configPath: string, logger: Logger): Promise<void> {
  const signals = handleStopSignals();
  const config = loadConfig(configPath);
  logWarnings(config, logger);
  const { activities } = createApp(config, {
    onConfigChange: (edited, previous) => logChange(edited, previous, logger),
  });
  const settings = readTemporalSettings();
  const { taskQueue, hash } = config;
  const { address, namespace } = settings;
  const health = new TemporalHealth(logger.child({ address }));
  Runtime.install({
    logger: temporalLogger(logger, (reason) => health.reportFailure(reason)),
    // Signals are handled here: the SDK handles only the first one, and a second would kill the worker during shutdown.
    shutdownSignals: [],
    // Debug logs of the core contain whole tasks; operators need only its warnings.
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} } },
  });
  const connection = await connect(settings);
  const healthCheck = setInterval(
    () => void health.check(() => findProblem(connection, settings)),
    HEALTH_CHECK_INTERVAL_MS,
  );
  try {
    await checkSchedule(connection, settings, config, logger);
    const worker = await Worker.create({
      ...workflowCode(),
      ...LIMITS,
      connection,
      namespace: settings.namespace,
      taskQueue,
      identity: formatIdentity({ version: VERSION, host: hostname(), pid: process.pid, configHash: hash }),
      activities: temporalActivities(activities),
      interceptors: { activity: [failureInterceptor(logger)] },
      sinks: createRunLogSinks(logger),
    });
    const fields = { version: VERSION, address, namespace, taskQueue, configHash: hash, pid: process.pid };
    logger.info(fields, 'worker started');
    signals.onStop((signal) => {
      if (worker.getState() !== 'RUNNING') return;
      logger.info({ signal }, `shutting down, up to ${LIMITS.shutdownGraceTime} for activities`);
      worker.shutdown();
    });
    await worker.run();
    logger.info({}, 'worker stopped');
  } finally {
    clearInterval(healthCheck);
    await connection.close();
  }
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

/**
 * Handles SIGTERM and SIGINT. Until the worker runs there is nothing to finish, and connecting can take half a minute,
 * so they end the process immediately. Further signals are ignored: a supervisor that signals process and group sends
 * two.
 */
function handleStopSignals(): { onStop: (stop: (signal: string) => void) => void } {
  let stop = (_signal: string): void => process.exit(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  return { onStop: (next) => void (stop = next) };
}

/** Explicit limits, as recommended for production. Activities mostly wait for other services. */
const LIMITS = {
  maxConcurrentActivityTaskExecutions: 500,
  maxConcurrentWorkflowTaskExecutions: 10,
  maxCachedWorkflows: 100,
  // With the default of 0, SIGTERM would abort activities immediately, which counts as a failed attempt.
  shutdownGraceTime: '30 s',
  shutdownForceTime: '40 s',
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

async function connect(settings: TemporalSettings): Promise<NativeConnection> {
  let connection: NativeConnection | undefined;
  try {
    connection = await NativeConnection.connect(settings.connectionOptions);
    await connection.workflowService.describeNamespace({ namespace: settings.namespace });
    return connection;
  } catch (error) {
    await connection?.close();
    throw unavailable(settings, error);
  }
}

/** A worker of another deployment would refresh its own stores in the runs of this schedule. */
async function checkSchedule(
  connection: NativeConnection,
  { namespace }: TemporalSettings,
  config: RefreshConfig,
  logger: Logger,
): Promise<void> {
  const match = await checkStoresAtStart(new Client({ connection, namespace }), config);
  if (match === 'overlapping') logger.warn({ warning: STORES_EDITED_WARNING }, 'configuration warning');
}

async function findProblem(
  connection: NativeConnection,
  settings: TemporalSettings,
): Promise<string | undefined> {
  const { namespace } = settings;
  try {
    await connection.withDeadline(Date.now() + HEALTH_CHECK_INTERVAL_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return undefined;
  } catch (error) {
    return describeUnavailable(unavailable(settings, error));
  }
}
