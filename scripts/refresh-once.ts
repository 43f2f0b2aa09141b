// One run in this process, without Temporal, for emergencies and CI.
import { configPath, loadConfig } from '../src/config/load.js';
import { previewOnce, refreshOnce } from '../src/refresh-once/refresh-once.js';
import { EXIT, printResult } from './command-line.js';
import { formatPreview, formatReport } from './format-report.js';

export interface RefreshOnceOptions {
  readonly config?: string;
  readonly json?: true;
  readonly dryRun?: true;
  readonly strict?: true;
  readonly retryFor: number;
}

export async function runRefreshOnce(options: RefreshOnceOptions): Promise<void> {
  const config = loadConfig(configPath(options.config));
  const isSuccessful = options.dryRun ? await dryRun(config, options) : await run(config, options);
  process.exitCode = isSuccessful ? EXIT.done : EXIT.failed;
}

async function run(config: ReturnType<typeof loadConfig>, options: RefreshOnceOptions): Promise<boolean> {
  const report = await refreshOnce(config, options.retryFor, { isStrict: options.strict === true });
  printResult(report, options.json, formatReport);
  return report.outcome === 'refreshed';
}

async function dryRun(config: ReturnType<typeof loadConfig>, options: RefreshOnceOptions): Promise<boolean> {
  const preview = await previewOnce(config, options.retryFor, { isStrict: options.strict === true });
  printResult(preview, options.json, formatPreview);
  return (
    preview.connections.every((connection) => connection.action !== 'leave') && preview.failures.length === 0
  );
}
