// Owns what is kept of each AWS principal for the life of the worker: its credentials, one client for each region and
// endpoint, and its ARN. Refuses to ask twice whose the same credentials are.
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECRPUBLICClient } from '@aws-sdk/client-ecr-public';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DEFAULT_PRINCIPAL, type Principal, type TokenGroup } from '../refresh/token-group.js';
import { waitUnlessAborted, withDeadline } from '../net/deadline.js';
import { AwsClock } from './aws-clock.js';
import { clientSettings } from './client-settings.js';
import {
  createCredentials,
  type AwsIdentity,
  type CredentialsParts,
  type PrincipalCredentials,
} from './principal-credentials.js';

/** Whose token it is is worth knowing, not worth waiting for. */
const IDENTITY_TIMEOUT_MS = 5_000;

interface Asked {
  /** What the credentials were when it was asked. */
  readonly key: string | undefined;
  readonly arn: Promise<string | null>;
}

export class AwsSession {
  readonly principal: Principal;
  readonly credentials: PrincipalCredentials;
  /** Whose credentials the role is assumed with. */
  readonly #base: AwsSession | undefined;
  readonly #parts: CredentialsParts;
  readonly #private = new Map<string, ECRClient>();
  readonly #public = new Map<string, ECRPUBLICClient>();
  readonly #sts = new Map<string, STSClient>();
  #asked: Asked | undefined;

  constructor(principal: Principal, parts: CredentialsParts, base: AwsSession | undefined) {
    this.principal = principal;
    this.credentials = createCredentials(principal, base?.credentials, parts);
    this.#base = base;
    this.#parts = parts;
  }

  get clock(): AwsClock {
    return this.#parts.clock;
  }

  /**
   * AWS no longer accepts the credentials: they are loaded anew, and may then be those of somebody else.
   * @param rejected which ones; absent where they could not even be loaded
   */
  forgetCredentials(rejected?: AwsIdentity): void {
    if (!this.credentials.forget(rejected)) return;
    this.#asked = undefined;
    this.#base?.forgetCredentials();
  }

  privateClient(group: TokenGroup): ECRClient {
    return kept(this.#private, group.name, () => new ECRClient(this.#buildConfig(group)));
  }

  publicClient(group: TokenGroup): ECRPUBLICClient {
    return kept(this.#public, group.name, () => new ECRPUBLICClient(this.#buildConfig(group)));
  }

  /**
   * Best effort: null when STS does not say. Everybody who wants to know waits for the same answer. That of a role holds
   * for good; what a chain or profile finds may be another principal's after each renewal.
   */
  async readArn(region: string, signal: AbortSignal): Promise<string | null> {
    const { kind } = this.principal;
    const isRole = kind === 'role' || kind === 'web-identity';
    const key = isRole ? undefined : this.credentials.accessKeyId;
    const asked = this.#asked?.key === key && this.#asked ? this.#asked : this.#ask(key, region);
    // The token is what matters: where STS cannot be reached, the report names no principal.
    return waitUnlessAborted(asked.arn, signal, IDENTITY_TIMEOUT_MS).catch(() => null);
  }

  #ask(key: string | undefined, region: string): Asked {
    const asked = { key, arn: this.#askArn(region) };
    this.#asked = asked;
    const keep = (arn: string | null): void => {
      if (arn === null && this.#asked === asked) this.#asked = undefined;
    };
    void asked.arn.then(keep);
    return asked;
  }

  async #askArn(region: string): Promise<string | null> {
    try {
      const client = kept(this.#sts, region, () => new STSClient({ ...this.#common(), region }));
      const anySignal = new AbortController().signal;
      const answer = await withDeadline(IDENTITY_TIMEOUT_MS, anySignal, (abortSignal) =>
        client.send(new GetCallerIdentityCommand({}), { abortSignal }),
      );
      const arn = answer.Arn ?? '';
      // It goes into reports and messages, so it must be an ARN and nothing else.
      return /^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@:/-]{1,300}$/.test(arn) ? arn : null;
    } catch {
      return null;
    }
  }

  #common() {
    const { settings, clock } = this.#parts;
    // A client that is made later need not find out anew that the clock is wrong.
    return { ...settings, systemClockOffset: clock.offsetMs, credentials: this.credentials.provider };
  }

  /** Left out where false: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_ENDPOINT_URL_ECR are heeded then. */
  #buildConfig({ region, api }: TokenGroup) {
    return {
      ...this.#common(),
      region,
      ...(api.fips ? { useFipsEndpoint: true } : {}),
      ...(api.dualStack ? { useDualstackEndpoint: true } : {}),
      // The SDK takes no endpoint beside the other two, and those may also come from the environment.
      ...(api.endpoint === undefined
        ? {}
        : { endpoint: api.endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
    };
  }
}

/** The sessions of all principals that were ever asked for. */
export class AwsSessions {
  readonly #parts: CredentialsParts = { settings: clientSettings(), clock: new AwsClock() };
  readonly #sessions = new Map<string, AwsSession>();

  of(principal: Principal): AwsSession {
    return kept(this.#sessions, principal.name, () => {
      const base = principal.kind === 'role' ? this.of(DEFAULT_PRINCIPAL) : undefined;
      return new AwsSession(principal, this.#parts, base);
    });
  }
}

function kept<Value>(values: Map<string, Value>, key: string, create: () => Value): Value {
  const value = values.get(key) ?? create();
  values.set(key, value);
  return value;
}
