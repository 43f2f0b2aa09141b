// Owns what is kept of each AWS principal for the life of the worker: its credentials, one client for each region and
// endpoint, and its ARN. Refuses to ask twice who a principal is.
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECRPUBLICClient } from '@aws-sdk/client-ecr-public';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DEFAULT_PRINCIPAL, type Principal, type TokenGroup } from '../../domain/token-group.js';
import { withDeadline } from '../deadline.js';
import { clientSettings, type ClientSettings } from './client-settings.js';
import { credentialsOf, type PrincipalCredentials } from './principal-credentials.js';

/** Whose token it is is worth knowing, not worth waiting for. */
const IDENTITY_TIMEOUT_MS = 5_000;

export class AwsSession {
  readonly principal: Principal;
  readonly credentials: PrincipalCredentials;
  readonly #settings: ClientSettings;
  readonly #private = new Map<string, ECRClient>();
  readonly #public = new Map<string, ECRPUBLICClient>();
  readonly #sts = new Map<string, STSClient>();
  #arn: string | undefined;

  constructor(principal: Principal, credentials: PrincipalCredentials, settings: ClientSettings) {
    this.principal = principal;
    this.credentials = credentials;
    this.#settings = settings;
  }

  /** AWS no longer accepts the credentials: they are loaded anew, and may then be those of somebody else. */
  forgetCredentials(): void {
    this.credentials.forget();
    this.#arn = undefined;
  }

  privateClient(group: TokenGroup): ECRClient {
    return kept(this.#private, group.name, () => new ECRClient(this.#configOf(group)));
  }

  publicClient(group: TokenGroup): ECRPUBLICClient {
    return kept(this.#public, group.name, () => new ECRPUBLICClient(this.#configOf(group)));
  }

  /** Best effort: null when STS does not say. Asked once per principal. */
  async readArn(region: string, signal: AbortSignal): Promise<string | null> {
    if (this.#arn !== undefined) return this.#arn;
    try {
      const client = kept(this.#sts, region, () => new STSClient({ ...this.#base(), region }));
      const answer = await withDeadline(IDENTITY_TIMEOUT_MS, signal, (abortSignal) =>
        client.send(new GetCallerIdentityCommand({}), { abortSignal }),
      );
      const arn = answer.Arn ?? '';
      // It goes into reports and messages, so it must be an ARN and nothing else.
      if (!/^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@:/-]{1,300}$/.test(arn)) return null;
      this.#arn = arn;
      return arn;
    } catch {
      // The token is what matters: where STS cannot be reached, the report names no principal.
      return null;
    }
  }

  #base() {
    return { ...this.#settings, credentials: this.credentials.provider };
  }

  /** Left out where false: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_ENDPOINT_URL_ECR are heeded then. */
  #configOf({ region, api }: TokenGroup) {
    return {
      ...this.#base(),
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
  readonly #settings = clientSettings();
  readonly #sessions = new Map<string, AwsSession>();

  of(principal: Principal): AwsSession {
    return kept(this.#sessions, principal.name, () => {
      const base = principal.kind === 'role' ? this.of(DEFAULT_PRINCIPAL).credentials : undefined;
      const credentials = credentialsOf(principal, base, this.#settings);
      return new AwsSession(principal, credentials, this.#settings);
    });
  }
}

function kept<Value>(values: Map<string, Value>, key: string, create: () => Value): Value {
  const value = values.get(key) ?? create();
  values.set(key, value);
  return value;
}
