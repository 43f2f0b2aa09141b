// The command `status`: what the connections hold, what failed last and since when, and when the next run is.
import { Command } from 'commander';
import { configPath, loadConfig } from '../src/config/load.js';
import { readStatus } from '../src/status/read-status.js';
import { withTemporalClient } from '../src/temporal/connection.js';
import { configOption, EXIT, jsonOption, printJson, printLine } from './command-line.js';
import { formatStatus } from './format-status.js';

export function statusCommand(): Command {
  return new Command('status')
    .description('show what the connections hold, what failed last, and when the next run is')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: { readonly config?: string; readonly json?: true }) => {
      const config = loadConfig(configPath(options.config));
      const status = await withTemporalClient((client) => readStatus(client, config.schedule.id));
      if (options.json) printJson(status);
      else printLine(formatStatus(status, new Date()));
      process.exitCode = status.report?.outcome === 'refreshed' && !status.paused ? EXIT.done : EXIT.failed;
    });
}
