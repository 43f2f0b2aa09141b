import { configPath, loadConfig } from '../src/config/load.js';
import { readStatus } from '../src/status/read-status.js';
import { withTemporalClient } from '../src/temporal/connection.js';
import { EXIT, printJson, printLine } from './command-line.js';
import { formatStatus } from './format-status.js';

export interface StatusOptions {
  readonly config?: string;
  readonly json?: true;
}

export async function printStatus(options: StatusOptions): Promise<void> {
  const config = loadConfig(configPath(options.config));
  const status = await withTemporalClient((client) => readStatus(client, config.schedule.id));
  if (options.json) printJson(status);
  else printLine(formatStatus(status, new Date()));
  process.exitCode = status.report?.outcome === 'refreshed' && !status.paused ? EXIT.done : EXIT.failed;
}
