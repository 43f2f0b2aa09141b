// The command `status`: what the connections hold, what is failing and since when, and when the next run is.
import { configPath, readScheduleTarget } from '../src/config/load.js';
import { readStatus } from '../src/status/read-status.js';
import { withTemporalClient } from '../src/temporal/connection.js';
import { EXIT, printResult } from './command-line.js';
import { formatStatus } from './format-status.js';

export interface StatusOptions {
  readonly config?: string;
  readonly json?: true;
  readonly scheduleId?: string;
  /** Milliseconds. */
  readonly expiresWithin?: number;
  /** Milliseconds. */
  readonly failingFor: number;
}

export async function printStatus(options: StatusOptions): Promise<void> {
  const target = readScheduleTarget(configPath(options.config), options.scheduleId);
  const limits = { expiresWithinMs: options.expiresWithin, failingForMs: options.failingFor };
  const status = await withTemporalClient((client) => readStatus(client, target, limits));
  printResult(status, options.json, formatStatus);
  process.exitCode = status.outcome === 'ok' ? EXIT.done : EXIT.failed;
}
