// Owns what docker-py, with which Airflow pulls, takes from Docker's configuration of a user: which file, which keys.
// Refuses to hand on what an entry of `auths` holds: it is a password.
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** What decides about the credentials of a pull. Source: docker/auth.py of docker-py 7.1.0 and 7.2.0. */
export interface DockerConfig {
  /** By exact host. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** The helper of every other host. */
  readonly credsStore?: string;
  /** The hosts of `auths`. */
  readonly authHosts: ReadonlySet<string>;
}

export type DockerConfigParsing =
  | DockerConfig
  /** docker-py goes on as if the file were empty. */
  | { readonly isNoJson: true }
  /** Why docker-py throws as soon as it is used: goes on after the name of the file. */
  | { readonly fault: string };

/**
 * Where docker-py looks, in this order; the first that is there counts. Other than Docker's own command line, it goes
 * on to the home folder when the folder of DOCKER_CONFIG has no file. Source: docker/utils/config.py, 7.2.0; tried.
 */
export function dockerConfigPaths(env: NodeJS.ProcessEnv): string[] {
  const folder = env['DOCKER_CONFIG'];
  const home = env['HOME'] ?? homeOfAccount();
  return [
    ...(folder ? [join(folder, 'config.json')] : []),
    ...(home === undefined ? [] : [join(home, '.docker', 'config.json'), join(home, '.dockercfg')]),
  ];
}

/** A container may run under a number that is no account. */
function homeOfAccount(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** That of a user with hundreds of registries has some 100 KiB. */
const MAX_BYTES = 1024 * 1024;

/**
 * Its text, or why there is none: goes on after the name of the file. Whoever may read or write it, since docker-py
 * does not look at that either.
 */
export function readDockerConfig(path: string): { readonly text: string } | { readonly message: string } {
  try {
    const stats = statSync(path);
    // What Docker makes of a file to mount that is not there. docker-py goes on as if it were empty: tried.
    if (stats.isDirectory()) return { text: '' };
    // A pipe or device could block for ever.
    if (!stats.isFile()) return { message: 'is no plain file' };
    if (stats.size > MAX_BYTES) return { message: 'is larger than 1 MiB' };
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { message: `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})` };
  }
}

export function parseDockerConfig(text: string): DockerConfigParsing {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return { isNoJson: true };
  }
  if (!isObject(config)) return { fault: 'is JSON, but no object' };
  const auths = getAuths(config);
  const credsStore = isFilled(config['credsStore']) ? config['credsStore'] : undefined;
  const credHelpers = isFilled(config['credHelpers']) ? config['credHelpers'] : {};
  if (!isObject(auths)) return { fault: 'has `auths` that are no object' };
  if (!Object.values(auths).every(isReadableAuth))
    return { fault: 'has an entry of `auths` that is malformed' };
  if (!isName(credsStore ?? '')) return { fault: 'has a `credsStore` that is no name' };
  if (!isObject(credHelpers)) return { fault: 'has `credHelpers` that are no object' };
  const helpers = Object.entries(credHelpers).filter(([, helper]) => isFilled(helper));
  if (!helpers.every(isHelper)) return { fault: 'has an entry of `credHelpers` that is no name' };
  const authHosts = new Set(Object.keys(auths).map(toHost));
  return { credHelpers: new Map(helpers), ...(isName(credsStore) ? { credsStore } : {}), authHosts };
}

/** A file with none of the three keys is taken for `auths` themselves, if it can be: so ~/.dockercfg once was. */
function getAuths(config: Record<string, unknown>): unknown {
  if ([config['auths'], config['credsStore'], config['credHelpers']].some(isFilled)) {
    return isFilled(config['auths']) ? config['auths'] : {};
  }
  return Object.values(config).every(isObject) ? config : {};
}

/** What Python takes for true. */
function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

/** docker-py throws at the first entry that it cannot decode, whichever host it is of: tried. */
function isReadableAuth(entry: unknown): boolean {
  if (!isObject(entry)) return false;
  if (Object.hasOwn(entry, 'identitytoken') || !Object.hasOwn(entry, 'auth')) return true;
  const auth = entry['auth'];
  if (typeof auth !== 'string') return false;
  // Python passes over what is not of the alphabet, and insists on the padding.
  const digits = auth.replace(/[^A-Za-z0-9+/=]/g, '');
  return digits.length % 4 === 0 && Buffer.from(digits, 'base64').includes(':');
}

function isHelper(entry: [string, unknown]): entry is [string, string] {
  return isName(entry[1]);
}

function isName(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As docker-py compares the keys of `auths`, but not those of `credHelpers`: without scheme and path. */
function toHost(key: string): string {
  return key.replace(/https?:\/\//g, '').replace(/\/.*$/s, '');
}
