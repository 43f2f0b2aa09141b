import { configPath } from '../src/config/load.js';
import type { LogLevel } from '../src/log/log-level.js';
import type { Logger } from '../src/log/logger.js';
import { runWorker } from '../src/worker.js';

export interface WorkerOptions {
  readonly config?: string;
  readonly logLevel: LogLevel;
}

export async function startWorker(options: WorkerOptions, logger: Logger): Promise<void> {
  await runWorker(configPath(options.config), logger);
}
