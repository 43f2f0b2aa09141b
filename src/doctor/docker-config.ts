// Reads the Docker configuration of a user as docker-py does, which Airflow uses to pull. Never returns the content of
// an `auths` entry, which is a password.
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** The settings that select the credentials of a pull. Source: docker/auth.py of docker-py 7.1.0 and 7.2.0. */
export interface DockerConfig {
  /** Keys are exact hosts. */
  readonly credHelpers: ReadonlyMap<string, string>;
  /** The helper for all other hosts. */
  readonly credsStore?: string;
  /** The hosts of `auths`. */
  readonly authHosts: ReadonlySet<string>;
}

export type DockerConfigParsing =
  | DockerConfig
  /** docker-py continues as if the file were empty. */
  | { readonly isNotJson: true }
  /** Why docker-py raises an error on first use; printed after the file name. */
  | { readonly fault: string };

/**
 * The paths that docker-py checks, in this order; it uses the first file that exists. Unlike the Docker CLI, it
 * continues with the home folder if the DOCKER_CONFIG folder has no file. Source: docker/utils/config.py, 7.2.0;
 * verified.
 */
export function dockerConfigPaths(env: NodeJS.ProcessEnv): string[] {
  const folder = env['DOCKER_CONFIG'];
  const home = env['HOME'] ?? homeOfAccount();
  return [
    ...(folder ? [join(folder, 'config.json')] : []),
    ...(home === undefined ? [] : [join(home, '.docker', 'config.json'), join(home, '.dockercfg')]),
  ];
}

/** A container can run with a user id that has no account. */
function homeOfAccount(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}

/** The file of a user with hundreds of registries has about 100 KiB. */
const MAX_BYTES = 1024 * 1024;

/**
 * The message is printed after the file name. File permissions are not checked, because docker-py ignores them as well.
 */
export function readDockerConfig(path: string): { readonly text: string } | { readonly message: string } {
  try {
    const stats = statSync(path);
    // Docker creates a directory for a missing file to mount. docker-py treats it as empty; verified.
    if (stats.isDirectory()) return { text: '' };
    // A pipe or device could block forever.
    if (!stats.isFile()) return { message: 'is not a regular file' };
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
    return { isNotJson: true };
  }
  if (!isObject(config)) return { fault: 'is JSON but not an object' };
  const auths = getAuths(config);
  const credsStore = isFilled(config['credsStore']) ? config['credsStore'] : undefined;
  const credHelpers = isFilled(config['credHelpers']) ? config['credHelpers'] : {};
  if (!isObject(auths)) return { fault: 'has `auths` that is not an object' };
  if (!Object.values(auths).every(isReadableAuth)) return { fault: 'has a malformed entry in `auths`' };
  if (!isName(credsStore ?? '')) return { fault: 'has a `credsStore` that is not a string' };
  if (!isObject(credHelpers)) return { fault: 'has `credHelpers` that is not an object' };
  const helpers = Object.entries(credHelpers).filter(([, helper]) => isFilled(helper));
  if (!helpers.every(isHelper)) return { fault: 'has an entry in `credHelpers` that is not a string' };
  const authHosts = new Set(Object.keys(auths).map(toHost));
  return { credHelpers: new Map(helpers), ...(isName(credsStore) ? { credsStore } : {}), authHosts };
}

/** A file with none of the three keys is read as `auths` if possible: this is the old format of ~/.dockercfg. */
function getAuths(config: Record<string, unknown>): unknown {
  if ([config['auths'], config['credsStore'], config['credHelpers']].some(isFilled)) {
    return isFilled(config['auths']) ? config['auths'] : {};
  }
  return Object.values(config).every(isObject) ? config : {};
}

/** Truthy in Python. */
function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

/** docker-py raises an error at the first entry that it cannot decode, for any host; verified. */
function isReadableAuth(entry: unknown): boolean {
  if (!isObject(entry)) return false;
  if (Object.hasOwn(entry, 'identitytoken') || !Object.hasOwn(entry, 'auth')) return true;
  const auth = entry['auth'];
  if (typeof auth !== 'string') return false;
  // Python ignores characters outside the alphabet, and requires padding.
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

/** Removes scheme and path, as docker-py does for the keys of `auths` but not for `credHelpers`. */
function toHost(key: string): string {
  return key.replace(/https?:\/\//g, '').replace(/\/.*$/s, '');
}
