// Decides which connections may receive a token, and of which registry. An invalid connection is reported, never
// repaired.
import type { FailureType } from './failures.js';
import { findTokenGroup, isRegistryHost, type ResolvedRegistry } from './registry-entries.js';
import { guessHost, normalizeHost, readEcrHost } from './registry-host.js';
import { readReauth } from './reauth.js';
import { ECR_USER } from './token.js';
import type { TokenGroup } from './token-group.js';

/** An Airflow connection as its REST API returns it, without the password. */
export interface ConnectionRecord {
  readonly id: string;
  readonly type: string;
  readonly host: string | null;
  readonly login: string | null;
  readonly port: number | null;
  readonly schema: string | null;
  /** JSON text. Airflow masks the secrets in it. */
  readonly extra: string | null;
  readonly description: string | null;
}

export type ConnectionCheck =
  | {
      readonly writable: true;
      readonly registry: string;
      readonly group: TokenGroup;
      readonly warning?: string;
    }
  | { readonly writable: false; readonly type: FailureType; readonly message: string };

/**
 * What DockerHook logs in to: the host, and the port if there is one. 0 is no port: Terraform and some user interfaces
 * store it when there is none.
 */
export function getAddress({ host, port }: Pick<ConnectionRecord, 'host' | 'port'>): string {
  return port ? `${host ?? ''}:${port}` : (host ?? '');
}

/**
 * Decides whether a connection may receive a token, and of which registry: whether Airflow's DockerHook accepts it, and
 * a pull of an image of the registry then has its credentials. test/e2e/docker-hook.e2e.ts compares the results with
 * the hook.
 *
 * @param wanted the configured registry that the host must match; without it, the host determines the registry
 */
export function checkConnection(connection: ConnectionRecord, wanted?: ResolvedRegistry): ConnectionCheck {
  if (connection.type !== 'docker') {
    return reject('ConnectionTypeMismatch', `its type is ${quote(connection.type)}, not "docker"`);
  }
  const registry = normalizeHost(getAddress(connection));
  const group = findGroup(registry, wanted);
  if (!group) return rejectHost(connection, wanted);
  if (connection.login !== ECR_USER) {
    return reject('ConnectionLoginMismatch', `its login is ${quote(connection.login)}, not "${ECR_USER}"`);
  }
  const reauth = readReauth(connection.extra);
  if (reauth === 'no object') {
    return reject('ConnectionExtraInvalid', 'its extra is not a JSON object, so DockerHook fails');
  }
  if (reauth === 'unknown') {
    return reject('ConnectionExtraInvalid', 'the "reauth" in its extra is neither true nor false');
  }
  if (!reauth) return reject('ConnectionReauthDisabled', 'its extra sets "reauth" to false');
  return { writable: true, registry, group, ...warnUpperCase(connection) };
}

function findGroup(host: string, wanted: ResolvedRegistry | undefined): TokenGroup | undefined {
  return wanted && !isRegistryHost(wanted, host) ? undefined : findTokenGroup(host, wanted);
}

/** Why the host, with its port, is not that of a registry. */
function rejectHost({ host, port }: ConnectionRecord, wanted: ResolvedRegistry | undefined): ConnectionCheck {
  if (port && findGroup(normalizeHost(host ?? ''), wanted)) {
    return reject('ConnectionPortSet', `its port is ${port}; it must be empty`);
  }
  const shown = port ? `${quote(host)} with port ${port}` : quote(host);
  const meant = guessHost(host ?? '');
  const isMisspelt = meant !== normalizeHost(host ?? '') && findGroup(meant, wanted) !== undefined;
  const hint = isMisspelt ? `: Docker cannot read it (did you mean ${meant}?)` : undefined;
  if (wanted) {
    const mismatch = `its host ${shown} does not match registry ${wanted.name} (${wanted.host})`;
    return reject('ConnectionRegistryMismatch', mismatch + (hint ?? ''));
  }
  return reject(
    'ConnectionRegistryUnknown',
    `its host ${shown} ${hint ? `is not valid${hint}` : describeUnknown(host)}`,
  );
}

function describeUnknown(host: string | null): string {
  const reading = readEcrHost(normalizeHost(host ?? ''));
  const flaw = reading && 'flaw' in reading ? reading : undefined;
  if (!flaw) return 'is not a known ECR registry';
  const meant = flaw.meant === undefined ? '' : ` (did you mean ${flaw.meant}?)`;
  return `is not a valid ECR host: ${flaw.flaw}${meant}`;
}

function reject(type: FailureType, message: string): ConnectionCheck {
  return { writable: false, type, message };
}

/**
 * docker-py looks up credentials by the exact spelling of the host: the login succeeds, but the pull is sent without
 * them unless the image is spelt in the same way, which is unlikely but valid.
 */
function warnUpperCase({ host, port }: ConnectionRecord): { warning?: string } {
  const name = getAddress({ host, port })
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/s, '');
  return name === name.toLowerCase()
    ? {}
    : {
        warning: `host ${quote(host)} has upper-case letters, so Docker pulls without credentials; use lower case`,
      };
}

/** Truncates long values, and hides a value that may contain a password which was put in the wrong field. */
function quote(value: string | null): string {
  if (value === null) return '(empty)';
  if (value.includes('@')) return '(not shown: it contains "@")';
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
}
