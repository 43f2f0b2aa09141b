import { configPath, loadConfig } from '../src/config/load.js';
import { ConfigError, formatPlace } from '../src/config/config-error.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { checkDockerConfig } from '../src/doctor/check-docker-config.js';
import { ok, warning, type Check } from '../src/doctor/check.js';
import { describeSchedule } from '../src/refresh/schedule-margins.js';
import { EXIT, printJson, printLine } from './command-line.js';
import { formatChecks, type DoctorDocument } from './format-checks.js';
import { ECR_TOKEN_LIFE_MS } from '../src/refresh/token.js';

export interface DoctorOptions {
  readonly config?: string;
  readonly json?: true;
  readonly offline?: true;
}

export async function runDoctor(options: DoctorOptions): Promise<void> {
  const { config, checks } = checkConfig(configPath(options.config));
  if (config && !options.offline) checks.push(...(await checkOnline(config)));
  if (options.json) printJson({ checks } satisfies DoctorDocument);
  else printLine(formatChecks(checks));
  const isHealthy = checks.every(({ outcome }) => outcome !== 'failed');
  if (!isHealthy) process.exitCode = config ? EXIT.failed : EXIT.configInvalid;
}

async function checkOnline(config: RefreshConfig): Promise<Check[]> {
  // Loaded here: SDKs and HTTP clients take half a second to load, and `--offline` does not need them.
  const { checkTemporal } = await import('../src/doctor/check-temporal.js');
  const { checkServices } = await import('../src/doctor/check-services.js');
  const [temporal, services] = await Promise.all([checkTemporal(config), checkServices(config)]);
  return [...temporal, ...services.checks, ...checkDockerConfig(services.registries, process.env)];
}

export function checkConfig(path: string): { config?: RefreshConfig; checks: Check[] } {
  try {
    const config = loadConfig(path);
    const count = config.stores.reduce((sum, { connections }) => sum + connections.length, 0);
    const stores = `${config.stores.length} Airflow instance${config.stores.length === 1 ? '' : 's'}`;
    const entries = `${count} connection ${count === 1 ? 'entry' : 'entries'}`;
    const summary = `${path} is valid: ${stores}, ${entries}`;
    const warnings = config.warnings.map((problem) =>
      warning(formatPlace(path, problem), problem.message, problem.remedy),
    );
    const schedule = ok('schedule settings', describeSchedule(config.schedule, ECR_TOKEN_LIFE_MS));
    return { config, checks: [ok('configuration', summary), ...warnings, schedule] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const checks = error.problems.map((problem) => ({
      name: formatPlace(error.file, problem),
      outcome: 'failed' as const,
      message: problem.message,
      remedy: problem.remedy,
    }));
    return { checks };
  }
}
