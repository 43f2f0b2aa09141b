// The checks among the entries of all sections: names, what refers to them, and connections that occur twice.
import type { z } from 'zod';
import type { ConnectionRule } from '../../refresh/connection-rules.js';
import { suggestKey } from '../../refresh/did-you-mean.js';
import type { AirflowVariable, RegistryEntry } from '../../refresh/registry-entries.js';
import { formatPath, type Fault, type SettingPath } from '../config-error.js';
import { groupBy } from '../group-by.js';
import { addFault, findDuplicates, findTypo } from './checks.js';

type Context = z.core.$RefinementCtx;
type Report = (path: SettingPath, fault: Fault) => void;

/** Comparing patterns takes the square of their number; each of them stands for any number of connections. */
const MAX_PATTERNS = 100;

/** A setting that is valid, and its place. */
interface Placed<T> {
  readonly value: T;
  readonly path: SettingPath;
}

/**
 * Reports what is wrong among the entries of a file. Entries may be wrong in other settings: only valid ones are compared.
 * @param storeKeys the keys of the sections for stores
 */
export function checkEntries(file: object, storeKeys: readonly string[], context: Context): void {
  const valid = new ValidSettings(file, context.issues);
  const report: Report = (path, fault) => addFault(context, fault, path);
  const stores = storeKeys.flatMap((key) => valid.listPaths([key]));
  const registries = valid.listPaths(['registries']);
  const storeNames = stores.flatMap((path) => valid.find<string>([...path, 'name']));
  const registryNames = registries.flatMap((path) => valid.find<string>([...path, 'name']));
  const connections = stores.map((path) => ({
    rules: valid.listPaths([...path, 'connections']).flatMap((at) => valid.find<ConnectionRule>(at)),
    deployment: findDeployment(path, valid),
  }));
  for (const names of [storeNames, registryNames]) reportDuplicates(names, ({ value }) => value, report);
  // A reference to an entry whose name is missing or mistyped, or to one of an invalid list, would be a second problem.
  const hidesNames = (list: string): boolean =>
    findTypo(context.issues, [list]) !== undefined ||
    (context.issues.some(({ path = [] }) => path[0] === list) && valid.listPaths([list]).length === 0) ||
    valid.listPaths([list]).some((path) => !valid.has([...path, 'name']));
  if (!hidesNames('registries')) {
    checkRegistryNames(
      connections.flatMap(({ rules }) => rules),
      registryNames,
      report,
    );
  }
  if (!hidesNames('airflows')) {
    checkVariables(
      registries.flatMap((path) => ['region', 'account'].flatMap((key) => valid.find([...path, key]))),
      storeNames.filter(({ path }) => path[0] === 'airflows'),
      report,
    );
  }
  checkTwins(
    registries.flatMap((path) => valid.find<RegistryEntry>(path)),
    report,
  );
  for (const group of groupBy(connections, ({ deployment }) => deployment).values()) {
    checkRules(
      group.flatMap(({ rules }) => rules),
      report,
    );
  }
}

/** The settings that no issue is about. */
class ValidSettings {
  readonly #file: object;
  readonly #invalid = new Set<string>();

  constructor(file: object, issues: Context['issues']) {
    this.#file = file;
    for (const { path = [] } of issues) {
      for (let length = 1; length <= path.length; length++)
        this.#invalid.add(path.slice(0, length).join('\0'));
    }
  }

  /** One or none. */
  find<T>(path: SettingPath): Placed<T>[] {
    const value = this.#invalid.has(path.join('\0')) ? undefined : this.#get(path);
    return value === undefined ? [] : [{ value: value as T, path }];
  }

  /** Whether there is a value, valid or not. */
  has(path: SettingPath): boolean {
    return this.#get(path) !== undefined;
  }

  /** The places of the entries of a list, valid or not. */
  listPaths(path: SettingPath): SettingPath[] {
    const list = this.#get(path);
    return Array.isArray(list) ? list.map((_entry, index) => [...path, index]) : [];
  }

  #get(path: SettingPath): unknown {
    return path.reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Record<string | number, unknown>)[key]
          : undefined,
      this.#file,
    );
  }
}

function reportDuplicates<T>(
  items: readonly Placed<T>[],
  getKey: (item: Placed<T>) => string | undefined,
  report: Report,
): void {
  for (const { item, first } of findDuplicates(items, getKey)) {
    const remedy = 'Remove or rename one of the two.';
    report(item.path, { code: 'duplicate', message: `duplicates ${formatPath(first.path)}`, remedy });
  }
}

function checkRegistryNames(
  rules: readonly Placed<ConnectionRule>[],
  names: readonly Placed<string>[],
  report: Report,
): void {
  for (const { value, path } of rules) {
    if (value.registry !== undefined)
      checkName(value.registry, names, 'registries', [...path, 'registry'], report);
  }
}

function checkVariables(
  settings: readonly Placed<string | AirflowVariable>[],
  names: readonly Placed<string>[],
  report: Report,
): void {
  for (const { value, path } of settings) {
    if (typeof value === 'object') checkName(value.airflow, names, 'airflows', [...path, 'airflow'], report);
  }
}

function checkName(
  name: string,
  known: readonly Placed<string>[],
  list: 'airflows' | 'registries',
  path: SettingPath,
  report: Report,
): void {
  const names = known.map(({ value }) => value);
  if (names.includes(name)) return;
  const meant = suggestKey(name, names);
  const others = `${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
  const otherwise =
    names.length === 0
      ? `Add an entry of this name to \`${list}\`, which has none.`
      : `Use one of ${others}, or add it to \`${list}\`.`;
  report(path, {
    code: 'unknown-name',
    message: `refers to an unknown entry of \`${list}\``,
    remedy: meant === undefined ? otherwise : `Did you mean \`${meant}\`?`,
  });
}

/** Two entries for one registry make sense only where they get its tokens in different ways. */
function checkTwins(registries: readonly Placed<RegistryEntry>[], report: Report): void {
  const placed = registries.map(({ value, path }) => ({ value, path: [...path, identifyingKey(value)] }));
  reportDuplicates(
    placed,
    ({ value: { name: _name, account, principal, ...rest } }) =>
      // A host of its own does not follow from the account. Its regions may differ: connections name the entry.
      JSON.stringify([rest, principal.name, rest.registryHost === undefined ? account : undefined]),
    report,
  );
}

function identifyingKey({ registryHost, kind }: RegistryEntry): string {
  if (registryHost !== undefined) return 'registryHost';
  return kind === 'public' ? 'kind' : 'account';
}

/** Two stores of one deployment have the same connections. An Airflow whose URL is wrong is compared with itself. */
function findDeployment(path: SettingPath, valid: ValidSettings): string {
  // A valid entry has the first, one that is wrong in another setting the second.
  const [found] = ['deployment', 'url'].flatMap((key) => valid.find<string>([...path, key]));
  return found?.value ?? formatPath(path);
}

function checkRules(rules: readonly Placed<ConnectionRule>[], report: Report): void {
  reportDuplicates(rules, ({ value }) => (value.kind === 'id' ? value.id : undefined), report);
  const patterns = rules.filter(({ value }) => value.kind === 'match');
  const tooMany = patterns[MAX_PATTERNS];
  if (!tooMany) return;
  const message = `exceeds the maximum of ${MAX_PATTERNS} patterns for one Airflow`;
  report(tooMany.path, { code: 'too-many', message, remedy: 'Merge patterns, or list ids.' });
}
