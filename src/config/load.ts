// Owns finding and loading the configuration file: all or nothing, and every fault at once.
// Refuses to read the environment itself: only the outermost callers let it default to process.env.
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';

import { ConfigError, formatPath, type ConfigProblem, type ReportProblem } from './config-error.js';
import { reportIssues } from './schema-errors.js';
import type { RefreshConfig, StoreConfig } from './refresh-config.js';
import { resolveAirflows } from './resolve-airflows.js';
import { resolveEngines } from './resolve-engines.js';
import { resolveImages } from './resolve-images.js';
import { resolveRegistries, warnUnusedRegistries } from './resolve-registries.js';
import { resolveSchedule } from './resolve-schedule.js';
import { namesIn } from './resolve-values.js';
import { configSchema } from './schema/config.js';
import { nameSchema } from './schema/values.js';
import { parseYaml, readConfigText } from './yaml-source.js';

/** The configuration file to use: the option of the command, else ECR_REFRESH_CONFIG, else `refresh.yaml` here. */
export function configPath(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  return option ?? (env['ECR_REFRESH_CONFIG'] || 'refresh.yaml');
}

/**
 * Reads, checks and resolves a configuration file.
 * @param env where `{env: NAME}`, DOCKER_HOST and its companions are looked up; passwords are looked up there again at each use
 * @throws ConfigError with every fault that the file has
 */
export function loadConfig(path: string, env: NodeJS.ProcessEnv = process.env): RefreshConfig {
  const yaml = parseYaml(readConfigText(path));
  const problems: ConfigProblem[] = [...yaml.problems];
  const warnings: ConfigProblem[] = [];
  const collectIn =
    (list: ConfigProblem[]): ReportProblem =>
    (at, message, remedy) => {
      const line = yaml.findLine(at);
      list.push({ path: formatPath(at), ...(line === undefined ? {} : { line }), message, remedy });
    };
  const report = collectIn(problems);
  if (yaml.value === undefined || yaml.value === null) throw new ConfigError(path, problems);

  const parsed = configSchema.safeParse(yaml.value);
  if (!parsed.success) reportIssues(parsed.error.issues, yaml.value, report);
  const raw: Record<string, unknown> = typeof yaml.value === 'object' ? { ...yaml.value } : {};
  const resolution = { source: { env, folder: dirname(resolve(path)) }, report, warn: collectIn(warnings) };
  const [airflowNames, registryNames] = ['airflows', 'registries'].map((key) =>
    namesIn(raw[key], nameSchema),
  );
  const airflows = resolveAirflows(raw['airflows'], registryNames ?? [], resolution);
  const registries = resolveRegistries(raw['registries'], airflowNames ?? [], resolution);
  const engines = resolveEngines(raw['docker'], resolution);
  const images = resolveImages(raw['docker'], resolution);
  const schedule = resolveSchedule(raw['schedule'], report);
  if (problems.length > 0 || !parsed.success || !schedule) throw new ConfigError(path, sortByLine(problems));

  warnUnusedRegistries(
    raw['registries'],
    registries.map(({ registry }) => registry),
    namedRegistries(airflows.map(({ store }) => store)),
    resolution,
  );
  const { taskQueue } = parsed.data.temporal;
  const rest = { schedule, taskQueue };
  return {
    hash: hashConfig({
      airflows: airflows.map(({ identity }) => identity),
      registries: registries.map(({ identity }) => identity),
      engines: engines.map(({ identity }) => identity),
      images,
      ...rest,
    }),
    path,
    stores: airflows.map(({ store }) => store),
    registries: registries.map(({ registry }) => registry),
    engines: engines.map(({ engine }) => engine),
    images,
    ...rest,
    warnings: sortByLine(warnings),
  };
}

/** The registries that some entry of `connections` names. */
function namedRegistries(stores: readonly StoreConfig[]): ReadonlySet<string> {
  const rules = stores.flatMap(({ connections }) => connections);
  return new Set(rules.flatMap(({ registry }) => (registry === undefined ? [] : [registry])));
}

/**
 * What is hashed is laid out in a fixed order where it is made, so the order of keys in the file does not matter.
 * Secrets are left out on purpose, not only for secrecy: a rotated one changes no plan.
 */
function hashConfig(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
}

function sortByLine(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
