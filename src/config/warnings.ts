// Finds settings that work but are probably a mistake.
import { describeUnknownRegion } from '../refresh/aws-regions.js';
import { findCovered } from '../refresh/connection-rules.js';
import { resolveStatic, type RegistryEntry } from '../refresh/registry-entries.js';
import { formatPath, type Fault, type SettingPath } from './config-error.js';
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
    add({ code: 'example', message: 'is the example URL', remedy: 'Set the URL of your Airflow.' }, 'url');
  }
  if (caFile !== undefined && url?.startsWith('http:')) {
    const remedy = 'Remove it, or use https:// in `url`.';
    add({ code: 'unused', message: 'has no effect, because `url` is http://', remedy }, 'caFile');
  }
  // It may be intended, but more often `echo` added it.
  if (auth.kind === 'password' && /^\s|\s$|\p{Cc}/u.test(auth.readPassword().reveal())) {
    const message = 'the value begins or ends with whitespace, or has a line break';
    add(
      { code: 'whitespace', message, remedy: 'Remove it, unless it is part of the password.' },
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
  const remedy = 'Run `chmod o-r` on it; in Kubernetes set `defaultMode: 0400` on the volume.';
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
      const earlier = `${formatPath(pattern.at)} (\`${pattern.rule.pattern}\`)`;
      const others = more.length === 0 ? '' : `; also affected: ${more.length} more`;
      const message = first.isWhole
        ? `has no effect, because ${earlier} comes first and matches all its connections${others}`
        : `applies only to connections that ${earlier}, which comes first, does not match${others}`;
      const remedy =
        'Move it before that pattern, or remove it: only the first entry that matches a connection applies.';
      return [{ at: entry.at, code: 'covered' as const, message, remedy }];
    });
  });
}

function checkRegion({ region }: RegistryEntry, at: SettingPath): Warning[] {
  const unknown = typeof region === 'string' ? describeUnknownRegion(region) : undefined;
  if (!unknown) return [];
  const remedy =
    unknown.meant === undefined ? 'Fix it, unless it is a new region.' : `Did you mean \`${unknown.meant}\`?`;
  const message = 'is not an AWS region that this release knows';
  return [{ at: [...at, 'region'], code: 'unknown-region', message, remedy }];
}

/** Entries without an effect: connections with an ECR host need no entry. */
function checkUsed(
  registry: RegistryEntry,
  at: SettingPath,
  used: ReadonlySet<string | undefined>,
): Warning[] {
  const { name, registryHost, principal, fips, dualStack, endpoint } = registry;
  const decides = principal.kind !== 'default' || fips || dualStack || endpoint !== undefined;
  // Airflow Variables are read only for connections that name the entry.
  if (registryHost !== undefined || used.has(name) || (decides && resolveStatic(registry))) return [];
  const message = 'has no effect, because no connection refers to it';
  const remedy =
    `Set \`registry: ${name}\` in an entry of \`connections\`, or remove it: account and region are read from ECR ` +
    'hosts automatically.';
  return [{ at, code: 'unused', message, remedy }];
}
