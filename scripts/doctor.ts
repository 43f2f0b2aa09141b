import { configPath, loadConfig } from '../src/config/load.js';
import { ConfigError, formatPlace, type ConfigProblem } from '../src/config/config-error.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { checkDockerConfig } from '../src/doctor/check-docker-config.js';
import { identityCheck, readProcessIdentity } from '../src/doctor/check-identity.js';
import { checkNativeLibrary } from '../src/doctor/check-native-library.js';
import { ok, skipped, toOutcome, warning, type Check, type Subject } from '../src/doctor/check.js';
import { findNetworkWarnings } from '../src/net/network-warnings.js';
import { describeSchedule } from '../src/refresh/schedule-margins.js';
import { EXIT, printResult } from './command-line.js';
import { formatChecks, toDocument } from './format-checks.js';
import { ECR_TOKEN_LIFE_MS } from '../src/refresh/token.js';

export interface DoctorOptions {
  readonly config?: string;
  readonly json?: true;
  readonly offline?: true;
}

export async function runDoctor(options: DoctorOptions): Promise<void> {
  const { config, checks } = checkConfig(configPath(options.config));
  // Loaded here: with it the library that reads the settings is loaded.
  const { checkTemporalSettings } = await import('../src/doctor/check-temporal-settings.js');
  const settings = checkTemporalSettings();
  // Before there are connections: it asks Node about the system, and Node would look up the names of their peers.
  checks.push(...settings.checks, ...checkNetworkSettings(), checkNativeLibrary());
  checks.push(...(await checkRest(config, settings.areValid, options)));
  printResult(toDocument(checks), options.json, (document) => formatChecks(document.checks));
  const isReadable = config !== undefined && settings.areValid;
  if (toOutcome(checks) === 'failed') process.exitCode = isReadable ? EXIT.failed : EXIT.configInvalid;
}

function checkNetworkSettings(): Check[] {
  return findNetworkWarnings().map(({ setting, message, remedy }) =>
    warning({ id: 'network-settings', target: setting }, message, remedy),
  );
}

async function checkRest(
  config: RefreshConfig | undefined,
  hasTemporal: boolean,
  { offline }: DoctorOptions,
): Promise<Check[]> {
  if (!config) return skipOnline('the configuration is invalid');
  return offline ? skipOnline('`--offline` was given') : checkOnline(config, hasTemporal);
}

async function checkOnline(config: RefreshConfig, hasTemporal: boolean): Promise<Check[]> {
  // Loaded here: SDKs and HTTP clients take half a second to load, and `--offline` does not need them.
  const { checkTemporal, skipTemporal } = await import('../src/doctor/check-temporal.js');
  const { checkServices } = await import('../src/doctor/check-services.js');
  const [temporal, services] = await Promise.all([
    hasTemporal ? checkTemporal(config) : skipTemporal(config, 'the Temporal settings are invalid'),
    checkServices(config),
  ]);
  return [
    ...temporal,
    ...services.checks,
    ...checkDockerConfig(services.registries, process.env),
    identityCheck(readProcessIdentity(), services.principals),
  ];
}

/** One line for each kind of service. */
function skipOnline(reason: string): Check[] {
  const subjects: Subject[] = [
    { id: 'temporal', target: 'Temporal' },
    { id: 'schedule', target: 'schedule' },
    { id: 'workers', target: 'workers' },
    { id: 'store', target: 'stores' },
    { id: 'token', target: 'tokens' },
    { id: 'registry', target: 'registries' },
    { id: 'engine', target: 'Docker Engines' },
  ];
  return subjects.map((subject) => skipped(subject, reason));
}

export function checkConfig(path: string): { config?: RefreshConfig; checks: Check[] } {
  try {
    const config = loadConfig(path);
    const count = config.stores.reduce((sum, { connections }) => sum + connections.length, 0);
    const stores = plural(config.stores.length, 'Airflow instance');
    const entries = `${count} connection ${count === 1 ? 'entry' : 'entries'}`;
    const summary = `${path} is valid: configuration ${config.hash}, ${stores}, ${entries}`;
    const warnings = config.warnings.map((problem) =>
      warning(toSubject(path, problem), problem.message, problem.remedy),
    );
    const margin = describeSchedule(config.schedule, ECR_TOKEN_LIFE_MS);
    return {
      config,
      checks: [
        ok({ id: 'configuration', target: 'configuration' }, summary),
        ...warnings,
        ok({ id: 'schedule-margin', target: 'schedule settings' }, margin),
      ],
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const checks = error.problems.map((problem): Check => {
      const { message, remedy } = problem;
      return { ...toSubject(error.file, problem), outcome: 'failed', message, remedy };
    });
    return { checks };
  }
}

function toSubject(file: string, problem: ConfigProblem): Subject {
  return { id: 'configuration', target: formatPlace(file, problem) };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
