// Finds settings that work but are probably a mistake.
import { describeUnknownRegion } from '../refresh/aws-regions.js';
import { findCovered } from '../refresh/connection-rules.js';
import { listUnusual } from '../net/header-rules.js';
import { resolveStatic, type RegistryEntry } from '../refresh/registry-entries.js';
import { formatNames, formatPath, type Fault, type SettingPath } from './config-error.js';
import { groupBy } from './group-by.js';
import type { AirflowSettings } from './schema/airflows.js';
import type { EngineConfig } from './schema/docker.js';
import type { ConfigFolder } from './config-folder.js';
import type { PlacedStore } from './schema/stores.js';
import { isExampleUrl } from './schema/urls.js';
import { isReadableByAll } from './text-file.js';

export interface Warning extends Fault {
  readonly at: SettingPath;
  readonly remedy: string;
}

export interface CheckedFile {
  readonly stores: readonly PlacedStore[];
  readonly registries: readonly RegistryEntry[];
  /** Base of relative paths. */
  readonly folder: ConfigFolder;
}

export function findWarnings({ stores, registries, folder }: CheckedFile): Warning[] {
  const used = new Set(stores.flatMap(({ store }) => store.connections.map(({ registry }) => registry)));
  return [
    ...stores
      .filter(({ store }) => store.kind === 'airflow')
      // The schema for this kind of store produces these settings.
      .flatMap(({ store, path }) => checkAirflow(store.settings as AirflowSettings, path, folder)),
    ...checkCovered(stores),
    ...registries.flatMap((registry, index) => {
      const at = ['registries', index];
      const { principal } = registry;
      const tokenFile = principal.kind === 'web-identity' ? principal.tokenFile : undefined;
      return [
        ...checkRegion(registry, at),
        ...checkUsed(registry, at, used),
        ...checkReaders(tokenFile, [...at, 'credentials', 'webIdentityTokenFile'], folder),
      ];
    }),
  ];
}

/** @param folder the base of relative paths of TLS files */
export function checkEngineKeys(engines: readonly EngineConfig[], folder: ConfigFolder): Warning[] {
  return engines.flatMap(({ tls }, index) =>
    checkReaders(tls?.keyFile, ['docker', 'engines', index, 'keyFile'], folder),
  );
}

function checkAirflow(
  { url, auth, headers, caFile }: AirflowSettings,
  at: SettingPath,
  folder: ConfigFolder,
): Warning[] {
  const warnings: Warning[] = [];
  const add = (fault: Fault & { remedy: string }, ...path: SettingPath): void =>
    void warnings.push({ ...fault, at: [...at, ...path] });
  if (url !== undefined && isExampleUrl(url)) {
    add(
      { code: 'example', message: 'is the example URL', remedy: 'Set the URL of your Airflow instance.' },
      'url',
    );
  }
  if (caFile !== undefined && url?.startsWith('http:')) {
    const remedy = 'Remove `caFile`, or use https:// in `url`.';
    add({ code: 'unused', message: 'has no effect, because `url` is http://', remedy }, 'caFile');
  }
  // It may be intended, but more often `echo` added it.
  const password = auth.kind === 'password' ? auth.readPassword().reveal() : '';
  if (/^\s|\s$|\p{Cc}/u.test(password)) {
    const message = `has a value that ${listUnusual(password).join(' and ')}`;
    add(
      {
        code: 'whitespace',
        message,
        remedy: 'Remove these characters from the value, unless they are part of the password.',
      },
      'auth',
      'password',
    );
  }
  const secrets = [
    ...(auth.kind === 'password' ? [{ read: auth.readPassword, path: ['auth', 'password'] }] : []),
    ...(auth.kind === 'token' ? [{ read: auth.readToken, path: ['auth', 'token'] }] : []),
    ...headers.map(({ name, read }) => ({ read, path: ['headers', name] })),
  ];
  return [
    ...warnings,
    ...secrets.flatMap(({ read, path }) => checkReaders(findFile(read, folder), [...at, ...path], folder)),
  ];
}

/** The file that a secret is read from; undefined for a variable or a plain header. */
function findFile(read: object, folder: ConfigFolder): string | undefined {
  const reference: unknown =
    'toJSON' in read && typeof read.toJSON === 'function' ? read.toJSON() : undefined;
  const isFile = typeof reference === 'object' && reference !== null && 'file' in reference;
  return isFile ? folder.resolve(String(reference.file)) : undefined;
}

function checkReaders(file: string | undefined, at: SettingPath, folder: ConfigFolder): Warning[] {
  if (file === undefined || !isReadableByAll(file)) return [];
  const message = `file ${JSON.stringify(folder.toSetting(file))} is world-readable`;
  const remedy = 'Run `chmod o-r` on the file; in Kubernetes, set `defaultMode: 0400` on the volume.';
  return [{ at, code: 'unsafe-file', message, remedy }];
}

/** Entries of `connections` that an earlier pattern of the same Airflow instance overlaps or covers. */
function checkCovered(stores: readonly PlacedStore[]): Warning[] {
  const byAirflow = groupBy(stores, ({ store, path }) => store.deployment ?? formatPath(path));
  return [...byAirflow.values()].flatMap((group) => {
    const entries = group.flatMap(({ store, path }) =>
      store.connections.map((rule, index) => ({ rule, at: [...path, 'connections', index] })),
    );
    // One warning for each pattern, not for each entry: a `*` may cover thousands.
    const covered = findCovered(entries.map(({ rule }) => rule));
    return [...groupBy(covered, ({ by, isWhole }) => `${by} ${isWhole}`).values()].flatMap((list) => {
      const [first, ...more] = list;
      const [entry, pattern] = [entries[first?.index ?? -1], entries[first?.by ?? -1]];
      if (!first || !entry || pattern?.rule.kind !== 'match') return [];
      const same = pattern.at[1] === entry.at[1] ? '' : ' of the same Airflow instance';
      const earlier = `${formatPath(pattern.at)} (\`${pattern.rule.pattern}\`)${same}`;
      const paths = more.flatMap(({ index }) => entries[index] ?? []).map(({ at }) => formatPath(at));
      const others = more.length === 0 ? '' : `; the same applies to ${formatNames(paths)}`;
      const target = entry.rule.kind === 'id' ? 'this id' : 'all ids that this entry matches';
      const message = first.isWhole
        ? `has no effect, because ${earlier} comes first and matches ${target}${others}`
        : `applies only to connections that ${earlier}, which comes first, does not match${others}`;
      const before = `before ${formatPath(pattern.at)}`;
      const remedy = first.isWhole
        ? `Move this entry ${before}, or remove this entry: only the first entry that matches a connection applies.`
        : `No action is needed if this is intended. Otherwise, move this entry ${before}.`;
      return [{ at: entry.at, code: 'covered' as const, message, remedy }];
    });
  });
}

function checkRegion({ region }: RegistryEntry, at: SettingPath): Warning[] {
  const unknown = typeof region === 'string' ? describeUnknownRegion(region) : undefined;
  if (!unknown) return [];
  const remedy =
    unknown.meant === undefined
      ? 'Correct the region. No action is needed if it is a new region.'
      : `Use \`${unknown.meant}\` if that is what you mean.`;
  const message = 'is not an AWS region that this release knows';
  return [{ at: [...at, 'region'], code: 'unknown-region', message, remedy }];
}

/** Entries without an effect: connections with an ECR host need no entry. */
function checkUsed(
  registry: RegistryEntry,
  at: SettingPath,
  used: ReadonlySet<string | undefined>,
): Warning[] {
  const { name, kind, registryHost, principal, fips, dualStack, endpoint } = registry;
  const decides = principal.kind !== 'default' || fips || dualStack || endpoint !== undefined;
  // Airflow Variables are read only for connections that name the entry.
  if (registryHost !== undefined || used.has(name) || (decides && resolveStatic(registry))) return [];
  const message = 'has no effect, because no connection refers to it';
  const hosts = kind === 'public' ? 'a host of ECR Public' : 'an ECR host';
  const why = resolveStatic(registry) ? `: connections with ${hosts} need no entry` : '';
  const set = `Set \`registry: ${name}\` in an entry of \`connections\``;
  const remedy = `${set}, or remove this entry of \`registries\`${why}.`;
  return [{ at, code: 'unused', message, remedy }];
}
