// Owns the credentials of one principal for the life of the worker: where they come from, how long they are kept, and
// which step of a chain of roles failed. Refuses to end with a file that was read once: `forget` begins anew.
import {
  fromIni,
  fromNodeProviderChain,
  fromTemporaryCredentials,
  fromTokenFile,
} from '@aws-sdk/credential-providers';
import type { Principal } from '../refresh/token-group.js';
import { withDeadline } from '../net/deadline.js';
import type { AwsClock } from './aws-clock.js';
import type { ClientSettings } from './client-settings.js';

/** What AWS hands out, as the SDK has it. Secrets in clear: it never leaves the adapters. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Loads credentials; AWS is asked in the region of whoever needs them. */
type Load = (where?: CallerRegion) => Promise<AwsIdentity>;

interface CallerRegion {
  readonly callerClientConfig?: { readonly region: () => Promise<string> };
}

/** Which call failed while credentials were loaded. `cause` is the SDK's own error, and never shown. */
export class AssumeRoleError extends Error {
  override readonly name = 'AssumeRoleError';
  readonly roleArn: string;
  /** The role that asked; undefined for what the chain begins with. */
  readonly askedBy: string | undefined;

  constructor(roleArn: string, askedBy: string | undefined, cause: unknown) {
    super('a role could not be assumed', { cause });
    this.roleArn = roleArn;
    this.askedBy = askedBy;
  }
}

/** Roles were to be assumed, and what the worker has of its own to do so with could not be loaded. `cause` is as above. */
export class SourceCredentialsError extends Error {
  override readonly name = 'SourceCredentialsError';

  constructor(cause: unknown) {
    super('the credentials of the worker could not be loaded', { cause });
  }
}

/** The SDK renews credentials that end within five minutes. */
const LEAST_LEFT_MS = 300_000;
/** Tokens are obtained with credentials that have at least this part of their life left, since they may die with them. */
const FRESH_PART = 0.9;

const NEW_MS = 60_000;
/** Less than whoever waits for them has, so that what is still good can be used in their place. */
const RENEWAL_LIMIT_MS = 15_000;

interface Loaded {
  readonly identity: AwsIdentity;
  /** By our own clock. */
  readonly atMs: number;
}

export class PrincipalCredentials {
  readonly #create: () => Load;
  readonly #clock: AwsClock;
  #loaded: Loaded | undefined;
  #loading: Promise<AwsIdentity> | undefined;

  constructor(create: () => Load, clock: AwsClock) {
    this.#create = create;
    this.#clock = clock;
  }

  /** Of what is kept; undefined before the first load. */
  get accessKeyId(): string | undefined {
    return this.#loaded?.identity.accessKeyId;
  }

  /**
   * For the clients of the SDK, which ask before each request and must not keep anything themselves: `memoized` tells
   * them that it is kept here.
   */
  readonly provider = Object.assign(
    (where: CallerRegion = {}): Promise<AwsIdentity> => this.#get(where, LEAST_LEFT_MS),
    { memoized: true as const },
  );

  /** Credentials of which hardly anything is used up, where AWS hands out such. */
  async loadFresh(region: string): Promise<AwsIdentity> {
    const { identity, atMs = 0 } = this.#loaded ?? {};
    const lifeMs = (identity?.expiration?.getTime() ?? 0) - (atMs + this.#clock.offsetMs);
    const leastLeftMs = Math.max(LEAST_LEFT_MS, lifeMs * FRESH_PART);
    return this.#get({ callerClientConfig: { region: async () => region } }, leastLeftMs);
  }

  /**
   * AWS no longer accepts them: the next load reads files and environment again, and assumes roles again. Several calls
   * may have been refused with the same ones: what came after them is kept.
   * @param rejected those that AWS refused; absent where they could not even be loaded
   * @returns whether they were the ones that are kept
   */
  forget(rejected?: AwsIdentity): boolean {
    if (rejected && this.#loaded?.identity !== rejected) return false;
    this.#loaded = undefined;
    this.#loading = undefined;
    return true;
  }

  async #get(where: CallerRegion, leastLeftMs: number): Promise<AwsIdentity> {
    const kept = this.#loaded?.identity;
    if (kept && (this.#isNew() || this.#leftMs(kept) > leastLeftMs)) return kept;
    this.#loading ??= this.#renew(where);
    try {
      return await this.#loading;
    } catch (error) {
      // What is still good is used on: an outage of STS must not end a session that has not ended.
      if (kept && kept === this.#loaded?.identity && this.#leftMs(kept) > 0) return kept;
      throw error;
    }
  }

  /**
   * By a provider made anew: those of the SDK keep what they have until shortly before it ends, and files for ever. With
   * a limit: a process that hangs would keep everybody waiting who comes after it, until the worker is restarted.
   */
  #renew(where: CallerRegion): Promise<AwsIdentity> {
    const anySignal = new AbortController().signal;
    const loading = withDeadline(RENEWAL_LIMIT_MS, anySignal, () => this.#create()(where));
    const settle = (identity?: AwsIdentity): void => {
      // Credentials that were rejected meanwhile are not taken up again.
      if (this.#loading !== loading) return;
      this.#loading = undefined;
      if (identity) this.#loaded = { identity, atMs: Date.now() };
    };
    loading.then(settle, () => settle());
    return loading;
  }

  /** However soon they end by our clock, which may be wrong: asking again would give none that are better. */
  #isNew(): boolean {
    return this.#loaded !== undefined && Math.abs(Date.now() - this.#loaded.atMs) < NEW_MS;
  }

  /** AWS says by its own clock when they end. */
  #leftMs({ expiration }: AwsIdentity): number {
    return expiration ? expiration.getTime() - this.#clock.nowMs() : Infinity;
  }
}

/** What the credentials of all principals of a worker have in common. */
export interface CredentialsParts {
  readonly settings: ClientSettings;
  readonly clock: AwsClock;
}

/** Credentials of a principal; `base` are those of the default chain, which roles are assumed with. */
export function createCredentials(
  principal: Principal,
  base: PrincipalCredentials | undefined,
  { settings, clock }: CredentialsParts,
): PrincipalCredentials {
  const init = { clientConfig: settings, ignoreCache: true };
  const create = (): Load => {
    switch (principal.kind) {
      case 'default':
        return fromNodeProviderChain(init);
      case 'profile':
        return fromIni({ ...init, profile: principal.profile });
      case 'web-identity': {
        const { roleArn, tokenFile, sessionName } = principal;
        const options = { ...init, roleArn, webIdentityTokenFile: tokenFile, roleSessionName: sessionName };
        return namingRole(fromTokenFile(options), roleArn);
      }
      case 'role': {
        // What is known of the clock saves each new client of STS a refused call, and the only retry that it has.
        const clientConfig = { ...settings, systemClockOffset: clock.offsetMs };
        return assumeRoles(principal, base?.provider ?? fromNodeProviderChain(init), clientConfig);
      }
    }
  };
  return new PrincipalCredentials(create, clock);
}

type RolePrincipal = Extract<Principal, { kind: 'role' }>;

function assumeRoles(principal: RolePrincipal, base: Load, clientConfig: ClientSettings): Load {
  const { roleArn, via, externalId, sessionName, sessionSeconds } = principal;
  let load: Load = async (where) => {
    try {
      return await base(where);
    } catch (error) {
      throw new SourceCredentialsError(error);
    }
  };
  let askedBy: string | undefined;
  for (const arn of [...via, roleArn]) {
    const isLast = arn === roleArn;
    const params = {
      RoleArn: arn,
      RoleSessionName: sessionName,
      ...(isLast && externalId !== undefined ? { ExternalId: externalId } : {}),
      ...(isLast && sessionSeconds !== undefined ? { DurationSeconds: sessionSeconds } : {}),
    };
    const options = { masterCredentials: load, params, clientConfig };
    load = namingRole(fromTemporaryCredentials(options), arn, askedBy);
    askedBy = arn;
  }
  return load;
}

/** An error of a role before it in the chain is told as that role's. */
function namingRole(load: Load, roleArn: string, askedBy?: string): Load {
  return async (where) => {
    try {
      return await load(where);
    } catch (error) {
      const isNamed = error instanceof AssumeRoleError || error instanceof SourceCredentialsError;
      throw isNamed ? error : new AssumeRoleError(roleArn, askedBy, error);
    }
  };
}
