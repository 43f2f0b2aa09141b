// The command `refresh-once`: one run in this process, without Temporal. For emergencies and for CI.
import { Command, Option } from 'commander';
import { configPath, loadConfig } from '../src/config/load.js';
import { durationArgument } from './duration-argument.js';
import { previewOnce, refreshOnce } from '../src/refresh-once/refresh-once.js';
import { configOption, EXIT, jsonOption, printJson, printLine } from './command-line.js';
import { formatPreview, formatReport } from './format-report.js';

interface RefreshOnceOptions {
  readonly config?: string;
  readonly json?: true;
  readonly dryRun?: true;
  readonly retryFor: number;
}

export function refreshOnceCommand(): Command {
  return new Command('refresh-once')
    .description('refresh the connections once, in this process, without Temporal')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--dry-run', 'show what would be written where, and why, and change nothing')
    .addOption(
      new Option('--retry-for <duration>', 'how long to go on trying')
        .argParser(durationArgument)
        .default(60_000, '1m'),
    )
    .action(async (options: RefreshOnceOptions) => {
      const config = loadConfig(configPath(options.config));
      const isGood = options.dryRun ? await dryRun(config, options) : await run(config, options);
      process.exitCode = isGood ? EXIT.done : EXIT.failed;
    });
}

async function run(config: ReturnType<typeof loadConfig>, options: RefreshOnceOptions): Promise<boolean> {
  const report = await refreshOnce(config, options.retryFor);
  if (options.json) printJson(report);
  else printLine(formatReport(report));
  return report.outcome === 'refreshed';
}

async function dryRun(config: ReturnType<typeof loadConfig>, options: RefreshOnceOptions): Promise<boolean> {
  const preview = await previewOnce(config, options.retryFor);
  if (options.json) printJson(preview);
  else printLine(formatPreview(preview));
  return (
    preview.connections.every((connection) => connection.action !== 'leave') && preview.failures.length === 0
  );
}
