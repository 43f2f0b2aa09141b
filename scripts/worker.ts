import { configPath } from '../src/config/load.js';
import type { LogLevel } from '../src/log/log-level.js';
import type { Logger } from '../src/log/logger.js';
import { loadNativeLibrary } from '../src/temporal/worker/native-library.js';
import { handleStopSignals } from '../src/temporal/worker/stop-signals.js';
import { EXIT } from './command-line.js';
import { endNow } from './end-process.js';

export interface WorkerOptions {
  readonly config?: string;
  readonly logLevel: LogLevel;
}

export async function startWorker(options: WorkerOptions, logger: Logger): Promise<void> {
  // Before the worker is loaded: as the first process of a container, it would ignore a signal without a handler.
  const stop = handleStopSignals(logger);
  // Importing the worker loads it as well, and its error would name no fix.
  loadNativeLibrary();
  const { runWorker } = await import('../src/worker.js');
  await runWorker(configPath(options.config), logger, stop);
  // Connections of the last attempt may still wait for a peer.
  await endNow(EXIT.done);
}
