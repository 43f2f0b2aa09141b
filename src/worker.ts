// Starts and stops everything that runs: configuration, log, Temporal worker. Its activities are in activities/,
// its workflow in workflows/, what it talks to in adapters/.
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { failureInterceptor } from './activities/failure-interceptor.js';
import { temporalActivities } from './activities/temporal-activities.js';
import { createApp } from './app.js';
import { loadConfig } from './config/load.js';
import { formatProblem } from './config/config-error.js';
import type { RefreshConfig } from './config/refresh-config.js';
import type { Logger } from './log/logger.js';
import { readTemporalSettings, unavailable, type TemporalSettings } from './temporal/settings.js';
import { describeUnavailable } from './temporal/unavailable.js';
import { temporalLogger } from './temporal/sdk-logger.js';
import { HEALTH_CHECK_INTERVAL_MS, TemporalHealth } from './temporal/health.js';

/**
 * Runs the worker until SIGTERM or SIGINT: then it takes no new work, gives activities 30 s to end, and hands
 * over what is left. Stop it from outside no sooner than after 45 s.
 *
 * @throws ConfigError before anything is connected; TemporalUnavailable
 */
export async function runWorker(configPath: string, logger: Logger): Promise<void> {
  const signals = handleStopSignals();
  const config = loadConfig(configPath);
  logWarnings(config, logger);
  const { activities } = createApp(config, { onConfigChange: (edited) => logWarnings(edited, logger) });
  const settings = readTemporalSettings();
  const { taskQueue, hash } = config;
  const outage = new TemporalHealth(logger);
  Runtime.install({
    logger: temporalLogger(logger, (reason) => outage.reportFailure(reason)),
    // They are ours: the SDK listens for the first one alone, and the next one would kill the worker as it drains.
    shutdownSignals: [],
    // Debug logs of the core show whole tasks; warnings are what an operator needs of it.
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} } },
  });
  const connection = await connect(settings);
  const look = setInterval(
    () => void outage.look(() => whatIsWrong(connection, settings)),
    HEALTH_CHECK_INTERVAL_MS,
  );
  try {
    const worker = await Worker.create({
      ...workflowCode(),
      ...LIMITS,
      connection,
      namespace: settings.namespace,
      taskQueue,
      identity: `airflow-ecr-refresh@${hostname()}#${process.pid}`,
      activities: temporalActivities(activities),
      interceptors: { activity: [failureInterceptor(logger)] },
    });
    const { address, namespace } = settings;
    logger.info({ address, namespace, taskQueue, configHash: hash, pid: process.pid }, 'worker started');
    signals.stopBy((signal) => {
      if (worker.getState() !== 'RUNNING') return;
      logger.info({ signal }, `stopping: activities have ${LIMITS.shutdownGraceTime} to end`);
      worker.shutdown();
    });
    await worker.run();
    logger.info({}, 'worker stopped');
  } finally {
    clearInterval(look);
    await connection.close();
  }
}

/** Once for each configuration: at the start, and when an edit of the file has been accepted. */
export function logWarnings({ path, warnings }: RefreshConfig, logger: Logger): void {
  for (const warning of warnings) {
    logger.warn({ warning: formatProblem(path, warning) }, 'configuration warning');
  }
}

/**
 * SIGTERM and SIGINT. Before the worker runs there is nothing to finish, and connecting may take half a minute: they
 * end the process at once. Later ones change nothing: a supervisor that signals process and group sends two.
 */
function handleStopSignals(): { stopBy: (stop: (signal: string) => void) => void } {
  let stop = (_signal: string): void => process.exit(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  return { stopBy: (next) => void (stop = next) };
}

/** Explicit, as a worker in production should have it. Activities wait for others most of their time. */
const LIMITS = {
  maxConcurrentActivityTaskExecutions: 500,
  maxConcurrentWorkflowTaskExecutions: 10,
  maxCachedWorkflows: 100,
  // With 0, the default, SIGTERM would abort activities at once and count that as a failed attempt.
  shutdownGraceTime: '30 s',
  shutdownForceTime: '40 s',
} satisfies Partial<WorkerOptions>;

/** The bundle that `npm run build` made, when this is the built worker; from source it is made on the fly. */
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

async function whatIsWrong(
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
