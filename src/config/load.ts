// Finds and loads the configuration file, and reports all its problems at once.
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { hideVariables, readEnvironment } from '../log/secret-variables.js';
import { ConfigError, formatPath, type ConfigProblem, type Fault, type SettingPath } from './config-error.js';
import { ConfigFolder } from './config-folder.js';
import { findDefaultEngine } from './default-engine.js';
import { toProblems } from './problems.js';
import { bindReferences, listVariables } from './references.js';
import type { RefreshConfig } from './refresh-config.js';
import { isMapping } from './schema/checks.js';
import { createConfigSchema, scheduleTargetSchema, STORE_SECTIONS } from './schema/config.js';
import { addClaimed, listStores, type StoreSection } from './schema/stores.js';
import { findWarnings, checkEngineKeys } from './warnings.js';
import { parseYaml, readConfigText, type YamlSource } from './yaml.js';

/** The configuration file to use: the option of the command, else ECR_REFRESH_CONFIG, else `./refresh.yaml`. */
export function configPath(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  return option ?? (env['ECR_REFRESH_CONFIG'] || 'refresh.yaml');
}

/**
 * Reads and checks a configuration file.
 * @param env where `{env: NAME}`, DOCKER_HOST and related variables are looked up; for secrets, again at each use. The
 *   variables that the file names are taken out of that of this process
 * @param storeSections one section for each kind of store
 * @throws ConfigError with all problems of the file
 */
export function loadConfig(
  path: string,
  env: NodeJS.ProcessEnv = process.env,
  storeSections: readonly StoreSection[] = STORE_SECTIONS,
): RefreshConfig {
  const yaml = parseYaml(readConfigText(path));
  if (yaml.value === undefined) throw new ConfigError(path, yaml.problems);
  const place = placeBy(yaml);
  const folder = new ConfigFolder(dirname(resolve(path)));
  const schema = createConfigSchema(folder, storeSections);
  const parsed = schema.safeParse(bind(yaml.value, folder, env), { reportInput: true });
  const problems = parsed.success ? [] : toProblems(parsed.error.issues, schema).map(place);
  if (!parsed.success || yaml.problems.length > 0) {
    throw new ConfigError(path, sortByLine([...yaml.problems, ...problems]));
  }

  const { registries, docker, schedule, temporal } = parsed.data;
  const stores = listStores(parsed.data, storeSections);
  const found = docker.engines
    ? { engines: docker.engines, warnings: checkEngineKeys(docker.engines, folder).map(place), folder }
    : findDefaultEngine(env);
  const { required } = docker;
  const content = {
    stores: addClaimed(stores.map(({ store }) => store)),
    registries,
    engines: found.engines.map((engine) => ({ ...engine, required: required ?? engine.required })),
    requiresDocker: required === true,
    images: docker.probe ?? [],
    schedule,
    taskQueue: temporal.taskQueue,
  };
  const warnings = [...findWarnings({ stores, registries, folder }).map(place), ...found.warnings];
  return {
    hash: hashContent(content, [folder, found.folder]),
    path,
    ...content,
    warnings: sortByLine(warnings),
  };
}

/** Where the schedule is in Temporal. */
export interface ScheduleTarget {
  readonly scheduleId: string;
  readonly taskQueue: string;
}

/**
 * Reads from a configuration file only where the schedule is: for commands that need neither its secrets nor the rest.
 * @param scheduleId used instead of the one in the file, which need not exist then
 * @throws ConfigError when the file is unreadable, not YAML, or these settings are invalid
 */
export function readScheduleTarget(
  path: string,
  scheduleId: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): ScheduleTarget {
  const yaml = scheduleId === undefined ? parseYaml(readConfigText(path)) : NO_FILE;
  if (yaml.value === undefined) throw new ConfigError(path, yaml.problems);
  const folder = new ConfigFolder(dirname(resolve(path)));
  const parsed = scheduleTargetSchema.safeParse(bind(yaml.value, folder, env), { reportInput: true });
  if (!parsed.success) {
    throw new ConfigError(path, toProblems(parsed.error.issues, scheduleTargetSchema).map(placeBy(yaml)));
  }
  const { schedule, temporal } = parsed.data;
  return { scheduleId: scheduleId ?? schedule.id, taskQueue: temporal.taskQueue };
}

/** From the environment of this process, takes the variables out, also if the rest of the file is invalid. */
function bind(value: unknown, folder: ConfigFolder, env: NodeJS.ProcessEnv): unknown {
  if (env !== process.env) return bindReferences(value, { env, folder });
  hideVariables(listVariables(value));
  return bindReferences(value, { env: readEnvironment(), folder });
}

const NO_FILE: YamlSource = { value: {}, problems: [], findLine: () => undefined };

/** Adds the line to what is wrong with a setting. */
function placeBy(yaml: YamlSource) {
  return ({ at, code, message, remedy = '' }: Fault & { readonly at: SettingPath }): ConfigProblem => {
    const line = yaml.findLine(at);
    return { code, path: formatPath(at), ...(line === undefined ? {} : { line }), message, remedy };
  };
}

/** In this JSON a secret is its reference, and a path is as written: a file may be elsewhere on another worker. */
function hashContent(content: object, folders: readonly ConfigFolder[]): string {
  const json = JSON.stringify(content, (_key, value: unknown) =>
    typeof value === 'string'
      ? folders.reduce((text, folder) => folder.toSetting(text), value)
      : isMapping(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : value,
  );
  return createHash('sha256').update(json).digest('hex').slice(0, 12);
}

function sortByLine(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
