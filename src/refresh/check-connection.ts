// Decides which connections may receive a token, and of which registry. An invalid connection is reported, never
// repaired.
import type { FailureType } from './failures.js';
import { findTokenGroup, isRegistryHost, type ResolvedRegistry } from './registry-entries.js';
import { normalizeHost, readEcrHost } from './registry-host.js';
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
 * Decides whether a connection may receive a token, and of which registry.
 *
 * @param wanted the configured registry that the host must match; without it, the host determines the registry
 */
export function checkConnection(connection: ConnectionRecord, wanted?: ResolvedRegistry): ConnectionCheck {
  if (connection.type !== 'docker') {
    return reject('ConnectionTypeMismatch', `its type is ${quote(connection.type)}, not "docker"`);
  }
  if (wanted && !isRegistryHost(wanted, connection.host ?? '')) {
    return reject(
      'ConnectionRegistryMismatch',
      `its host ${quote(connection.host)} does not match registry ${wanted.name} (${wanted.host})`,
    );
  }
  const registry = normalizeHost(connection.host ?? '');
  const group = findTokenGroup(registry, wanted);
  if (!group) return reject('ConnectionRegistryUnknown', describeUnknown(connection.host));
  if (connection.port !== null) {
    return reject('ConnectionPortSet', `its port is ${connection.port}; it must be empty`);
  }
  if (connection.login !== ECR_USER) {
    return reject('ConnectionLoginMismatch', `its login is ${quote(connection.login)}, not "${ECR_USER}"`);
  }
  if (disablesReauth(connection.extra)) {
    return reject('ConnectionReauthDisabled', 'its extra sets "reauth" to something other than true');
  }
  return { writable: true, registry, group, ...warnUpperCase(connection.host) };
}

function describeUnknown(host: string | null): string {
  const reading = readEcrHost(normalizeHost(host ?? ''));
  const flaw = reading && 'flaw' in reading ? reading : undefined;
  if (!flaw) return `its host ${quote(host)} is not a known ECR registry`;
  const meant = flaw.meant === undefined ? '' : ` (did you mean ${flaw.meant}?)`;
  return `its host ${quote(host)} is not a valid ECR host: ${flaw.flaw}${meant}`;
}

function reject(type: FailureType, message: string): ConnectionCheck {
  return { writable: false, type, message };
}

/**
 * docker-py looks up credentials by the exact spelling of the host: the login succeeds, but the pull is sent without
 * them. Observed with the Docker provider 4.6.1.
 */
function warnUpperCase(host: string | null): { warning?: string } {
  const name = host?.replace(/^https?:\/\//i, '') ?? '';
  return name === name.toLowerCase()
    ? {}
    : {
        warning: `host ${quote(host)} has upper-case letters, so Docker pulls without credentials; use lower case`,
      };
}

/** Returns true for any value except true: with false, DockerHook keeps its old login; it rejects other strings. */
function disablesReauth(extra: string | null): boolean {
  if (!extra) return false;
  try {
    const parsed: unknown = JSON.parse(extra);
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, 'reauth')) return false;
    const reauth = (parsed as { reauth: unknown }).reauth;
    return !(reauth === true || (typeof reauth === 'string' && /^(1|true)$/i.test(reauth)));
  } catch {
    // DockerHook also finds no reauth in an extra that is not JSON.
    return false;
  }
}

/** Truncates long values, and hides a value that may contain a password which was put in the wrong field. */
function quote(value: string | null): string {
  if (value === null) return '(empty)';
  if (value.includes('@')) return '(not shown: it contains "@")';
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
}
