// Owns the judgement which Airflow connections may receive a token of which registry, and why not.
// Refuses to repair: what is wrong with a connection is named and left to its owner.
import type { FailureType } from './failures.js';
import { bareHost, parseEcrHost } from './registry-host.js';
import { ECR_USER } from './token.js';

/** An Airflow connection as its REST API shows it: everything but the password. */
export interface StoredConnection {
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

/** A registry of the configuration, its host and region known. */
export interface NamedRegistry {
  readonly name: string;
  /** Host with port, as connections and images name it. */
  readonly host: string;
  readonly region: string;
}

export type Judgement =
  | { readonly writable: true; readonly registry: string; readonly region: string; readonly warning?: string }
  | { readonly writable: false; readonly type: FailureType; readonly message: string };

/**
 * Decides whether a connection may receive a token, and of which registry.
 *
 * @param wanted the registry that the configuration says it is of; without it, its host tells
 */
export function judgeConnection(
  connection: StoredConnection,
  namedRegistries: readonly NamedRegistry[],
  wanted?: NamedRegistry,
): Judgement {
  if (connection.type !== 'docker') {
    return refuse('ConnectionTypeMismatch', `its type is ${quote(connection.type)}, not "docker"`);
  }
  if (wanted && bareHost(connection.host ?? '') !== wanted.host) {
    return refuse(
      'ConnectionRegistryMismatch',
      `its host ${quote(connection.host)} is not that of registry ${wanted.name} (${wanted.host})`,
    );
  }
  const registry = findRegistry(connection.host, wanted ? [wanted] : namedRegistries);
  if (!registry) {
    return refuse('ConnectionRegistryUnknown', `its host ${quote(connection.host)} is no known ECR registry`);
  }
  if (connection.port !== null) {
    return refuse('ConnectionPortSet', `its port is ${connection.port}; it must be empty`);
  }
  if (connection.login !== ECR_USER) {
    return refuse('ConnectionLoginMismatch', `its login is ${quote(connection.login)}, not "${ECR_USER}"`);
  }
  if (turnsReauthOff(connection.extra)) {
    return refuse('ConnectionReauthDisabled', 'its extra sets "reauth" to something other than true');
  }
  return { writable: true, ...registry, ...warnOfUpperCase(connection.host) };
}

/** The registry of a connection's host: one of the configuration, else one of ECR's own host names. */
export function findRegistry(
  host: string | null,
  namedRegistries: readonly NamedRegistry[],
): { readonly registry: string; readonly region: string } | undefined {
  if (host === null) return undefined;
  const bare = bareHost(host);
  const known = namedRegistries.find((named) => named.host === bare) ?? parseEcrHost(bare);
  return known && { registry: known.host, region: known.region };
}

function refuse(type: FailureType, message: string): Judgement {
  return { writable: false, type, message };
}

/**
 * docker-py looks credentials up by the host as it is written: the sign-in works, the pull goes out without them.
 * Seen with the docker provider 4.6.1.
 */
function warnOfUpperCase(host: string | null): { warning?: string } {
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
