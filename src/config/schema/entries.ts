// Checks across the entries of all sections: names, references to them, and duplicate connections.
import type { z } from 'zod';
import type { ConnectionRule } from '../../refresh/connection-rules.js';
import { suggestKey } from '../../refresh/did-you-mean.js';
import type { AirflowVariable, RegistryEntry } from '../../refresh/registry-entries.js';
import { formatNames, formatPath, type Fault, type SettingPath } from '../config-error.js';
import { groupBy } from '../group-by.js';
import { addFault, findDuplicates, findTypo } from './checks.js';

type Context = z.core.$RefinementCtx;
type Report = (path: SettingPath, fault: Fault) => void;

/** The time to compare patterns grows with the square of their number. */
const MAX_PATTERNS = 100;

/** A valid setting and its place. */
interface Placed<T> {
  readonly value: T;
  readonly path: SettingPath;
}

/**
 * Reports problems across the entries of a file. Only valid settings are compared.
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
  // When a list is invalid, or a name in it missing or mistyped, an unknown reference would be a consequence of that.
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
  checkSameRegistry(
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

/** The settings without an issue. */
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

  /** At most one. */
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

interface DuplicateText {
  readonly message: string;
  readonly remedy: string;
}

function reportDuplicates<T>(
  items: readonly Placed<T>[],
  getKey: (item: Placed<T>) => string | undefined,
  report: Report,
  describe = describeSameName<T>,
): void {
  for (const { item, first } of findDuplicates(items, getKey)) {
    report(item.path, { code: 'duplicate', ...describe(item, first) });
  }
}

function describeSameName<T>(_item: Placed<T>, first: Placed<T>): DuplicateText {
  return { message: `duplicates ${formatPath(first.path)}`, remedy: 'Remove or rename one of the two.' };
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
  const use =
    names.length === 0 ? 'Add' : `Use ${names.length > 1 ? 'one of ' : ''}${formatNames(names)}, or add`;
  report(path, {
    code: 'unknown-name',
    message: `refers to an unknown entry of \`${list}\``,
    remedy:
      meant === undefined
        ? `${use} an entry with this name to \`${list}\`.`
        : `Use \`${meant}\` if that is what you mean.`,
  });
}

/** Two entries for one registry are useful only if they get its tokens in different ways. */
function checkSameRegistry(registries: readonly Placed<RegistryEntry>[], report: Report): void {
  const placed = registries.map(({ value, path }) => ({ value, path: [...path, identifyingKey(value)] }));
  reportDuplicates(
    placed,
    ({ value: { name: _name, account, principal, ...rest } }) =>
      // A custom host does not depend on the account. Its regions may differ: connections name the entry.
      JSON.stringify([rest, principal.name, rest.registryHost === undefined ? account : undefined]),
    report,
    describeSameRegistry,
  );
}

function describeSameRegistry(item: Placed<RegistryEntry>, first: Placed<RegistryEntry>): DuplicateText {
  const { registryHost, account, kind } = item.value;
  const isOtherAccount = JSON.stringify(account) !== JSON.stringify(first.value.account);
  const what = registryHost !== undefined ? 'host, region' : kind === 'public' ? 'kind' : 'account, region';
  return {
    message: `has the same ${what} and credentials as ${formatPath(first.path.slice(0, 2))}`,
    remedy: `Remove one of the two entries${isOtherAccount ? '; with `registryHost`, the account is not used' : ''}.`,
  };
}

function identifyingKey({ registryHost, kind }: RegistryEntry): string {
  if (registryHost !== undefined) return 'registryHost';
  return kind === 'public' ? 'kind' : 'account';
}

/** Two stores of one deployment have the same connections. A store with an invalid URL is compared only with itself. */
function findDeployment(path: SettingPath, valid: ValidSettings): string {
  // A valid entry has the first key; one that is invalid in another setting has the second.
  const [found] = ['deployment', 'url'].flatMap((key) => valid.find<string>([...path, key]));
  return found?.value ?? formatPath(path);
}

function checkRules(rules: readonly Placed<ConnectionRule>[], report: Report): void {
  reportDuplicates(
    rules,
    ({ value }) => (value.kind === 'id' ? value.id : undefined),
    report,
    describeSameId,
  );
  const patterns = rules.filter(({ value }) => value.kind === 'match');
  const tooMany = patterns[MAX_PATTERNS];
  if (!tooMany) return;
  const message = `exceeds the maximum of ${MAX_PATTERNS} patterns for one Airflow instance`;
  report(tooMany.path, { code: 'too-many', message, remedy: 'Merge patterns, or list ids instead.' });
}

function describeSameId(item: Placed<ConnectionRule>, first: Placed<ConnectionRule>): DuplicateText {
  const [store, firstStore] = [item, first].map(({ path }) => formatPath(path.slice(0, 2)));
  const because =
    store === firstStore ? '' : `, because ${firstStore} and ${store} are the same Airflow instance`;
  return {
    message: `duplicates ${formatPath(first.path)}${because}`,
    remedy: 'Remove one of the two entries.',
  };
}
