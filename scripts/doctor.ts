// The command `doctor`: checks everything a run needs, one line each with its remedy. Changes nothing.
import { Command } from 'commander';
import { configPath, loadConfig } from '../src/config/load.js';
import { ConfigError, formatPlace } from '../src/config/config-error.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { checkDockerConfig } from '../src/doctor/check-docker-config.js';
import { checkServices } from '../src/doctor/check-services.js';
import { checkTemporal } from '../src/doctor/check-temporal.js';
import { ok, warning, type Check } from '../src/doctor/check.js';
import { describeSchedule } from '../src/refresh/schedule-margins.js';
import { configOption, EXIT, jsonOption, printJson, printLine } from './command-line.js';
import { formatChecks, type DoctorDocument } from './format-checks.js';
import { ECR_TOKEN_LIFE_MS } from '../src/refresh/token.js';

interface DoctorOptions {
  readonly config?: string;
  readonly json?: true;
  readonly offline?: true;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check everything a run needs')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--offline', 'check the configuration alone')
    .action(async (options: DoctorOptions) => {
      const { config, checks } = checkConfig(configPath(options.config));
      if (config && !options.offline) {
        const [temporal, services] = await Promise.all([checkTemporal(config), checkServices(config)]);
        checks.push(...temporal, ...services.checks, ...checkDockerConfig(services.registries, process.env));
      }
      if (options.json) printJson({ checks } satisfies DoctorDocument);
      else printLine(formatChecks(checks));
      const isHealthy = checks.every(({ outcome }) => outcome !== 'failed');
      if (!isHealthy) process.exitCode = config ? EXIT.failed : EXIT.configInvalid;
    });
}

export function checkConfig(path: string): { config?: RefreshConfig; checks: Check[] } {
  try {
    const config = loadConfig(path);
    const count = config.stores.reduce((sum, { connections }) => sum + connections.length, 0);
    const summary = `${path} is valid: ${config.stores.length} Airflow(s), ${count} connection(s)`;
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
