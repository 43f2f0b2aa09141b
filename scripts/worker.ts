// The command `worker`: runs the Temporal worker until SIGTERM or SIGINT.
import { Command } from 'commander';
import { configPath } from '../src/config/load.js';
import { createLogger, type LogLevel } from '../src/log/logger.js';
import { configOption, logLevelOption } from './command-line.js';

interface WorkerCommandOptions {
  readonly config?: string;
  readonly logLevel: LogLevel;
}

export function workerCommand(): Command {
  return new Command('worker')
    .description('run the Temporal worker until SIGTERM or SIGINT')
    .addOption(configOption())
    .addOption(logLevelOption('info'))
    .action(async (options: WorkerCommandOptions) => {
      // Loaded here, for it takes a second that the other commands need not wait.
      const { runWorker } = await import('../src/worker.js');
      await runWorker(configPath(options.config), createLogger(options.logLevel));
    });
}
