// Owns the judgement which Airflow connections may receive a token of which registry, and why not.
// Refuses to repair: what is wrong with a connection is named and left to its owner.
import type { FailureType } from './failures.js';
import { findTokenGroup, isRegistryHost, type ResolvedRegistry } from './registry-entries.js';
import { normalizeHost, readEcrHost } from './registry-host.js';
import { ECR_USER } from './token.js';
import type { TokenGroup } from './token-group.js';

/** An Airflow connection as its REST API shows it: everything but the password. */
export interface ConnectionRecord {
  readonly id: string;
  readonly type: string;
  readonly host: string | null;
  readonly login: string | null;
  readonly port: number | null;
  readonly schema: string | null;
  /** JSON text, secrets in it masked by Airflow. */
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
 * @param wanted the registry of the configuration that it must be of; without it, its host tells
 */
export function checkConnection(connection: ConnectionRecord, wanted?: ResolvedRegistry): ConnectionCheck {
  if (connection.type !== 'docker') {
    return refuse('ConnectionTypeMismatch', `its type is ${quote(connection.type)}, not "docker"`);
  }
  if (wanted && !isRegistryHost(wanted, connection.host ?? '')) {
    return refuse(
      'ConnectionRegistryMismatch',
      `its host ${quote(connection.host)} is not that of registry ${wanted.name} (${wanted.host})`,
    );
  }
  const registry = normalizeHost(connection.host ?? '');
  const group = findTokenGroup(registry, wanted);
  if (!group) return refuse('ConnectionRegistryUnknown', describeUnknown(connection.host));
  if (connection.port !== null) {
    return refuse('ConnectionPortSet', `its port is ${connection.port}; it must be empty`);
  }
  if (connection.login !== ECR_USER) {
    return refuse('ConnectionLoginMismatch', `its login is ${quote(connection.login)}, not "${ECR_USER}"`);
  }
  if (turnsReauthOff(connection.extra)) {
    return refuse('ConnectionReauthDisabled', 'its extra sets "reauth" to something other than true');
  }
  return { writable: true, registry, group, ...warnUpperCase(connection.host) };
}

/** What is wrong with a host that looks like ECR's is told, and the one that was meant. */
function describeUnknown(host: string | null): string {
  const reading = readEcrHost(normalizeHost(host ?? ''));
  const flaw = reading && 'flaw' in reading ? reading : undefined;
  if (!flaw) return `its host ${quote(host)} is no known ECR registry`;
  const meant = flaw.meant === undefined ? '' : `; ${flaw.meant} was meant, perhaps`;
  return `its host ${quote(host)} is no ECR registry: ${flaw.flaw}${meant}`;
}

function refuse(type: FailureType, message: string): ConnectionCheck {
  return { writable: false, type, message };
}

/**
 * docker-py looks credentials up by the host as it is written: the sign-in works, the pull goes out without them.
 * Seen with the docker provider 4.6.1.
 */
function warnUpperCase(host: string | null): { warning?: string } {
  const name = host?.replace(/^https?:\/\//i, '') ?? '';
  return name === name.toLowerCase()
    ? {}
    : {
        warning: `host ${quote(host)} has capital letters: Docker pulls without credentials; write it in lower case`,
      };
}

/** Any value but true: DockerHook takes false as "use what you have" and refuses other strings. */
function turnsReauthOff(extra: string | null): boolean {
  if (!extra) return false;
  try {
    const parsed: unknown = JSON.parse(extra);
    if (typeof parsed !== 'object' || parsed === null || !Object.hasOwn(parsed, 'reauth')) return false;
    const reauth = (parsed as { reauth: unknown }).reauth;
    return !(reauth === true || (typeof reauth === 'string' && /^(1|true)$/i.test(reauth)));
  } catch {
    // Extra that is not JSON has no reauth for DockerHook either.
    return false;
  }
}

/** Fields are shown cut, and not at all where they may carry a password that was put in the wrong place. */
function quote(value: string | null): string {
  if (value === null) return '(empty)';
  if (value.includes('@')) return '(not shown: it contains "@")';
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
}
