// What one token serves: all registries that a principal may read in a region, asked for at one endpoint of ECR. Groups are
// told apart by their names, which pass between steps.

/** As whom tokens are obtained at AWS. */
export type Principal =
  /** What the AWS SDK's default chain finds. */
  | { readonly kind: 'default'; readonly name: string }
  /** A profile of the AWS configuration files, with whatever it refers to. */
  | { readonly kind: 'profile'; readonly name: string; readonly profile: string }
  /** A role, assumed by what the default chain finds, by way of others. */
  | {
      readonly kind: 'role';
      readonly name: string;
      readonly roleArn: string;
      /** Roles to assume before, in this order. */
      readonly via: readonly string[];
      readonly externalId?: string;
      readonly sessionName: string;
      /** Seconds that the session of `roleArn` lasts; absent: an hour, AWS's default. */
      readonly sessionSeconds?: number;
    }
  /** A role, assumed with a token of an identity provider, read from a file at each time. */
  | {
      readonly kind: 'web-identity';
      readonly name: string;
      readonly roleArn: string;
      readonly tokenFile: string;
      readonly sessionName: string;
    };

export const DEFAULT_PRINCIPAL: Principal = { kind: 'default', name: 'default' };

/** Which endpoint of ECR is asked for tokens. */
export interface EcrApi {
  readonly service: 'ecr' | 'ecr-public';
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** URL of an endpoint of the user's own, such as a VPC endpoint. */
  readonly endpoint?: string;
}

export interface TokenGroup {
  /** `default/us-east-1`; with what is special about its endpoint, `default/us-east-1/fips`. */
  readonly name: string;
  readonly principal: Principal;
  readonly region: string;
  readonly api: EcrApi;
}

/**
 * The group of a principal, region and endpoint: one token serves every registry that a principal may read in a region.
 * Source: AWS's description of GetAuthorizationToken, which deprecates `registryIds` for this reason.
 */
export function tokenGroup(principal: Principal, region: string, api: EcrApi): TokenGroup {
  const special = [
    api.service === 'ecr-public' ? 'public' : undefined,
    api.fips ? 'fips' : undefined,
    api.dualStack ? 'dual-stack' : undefined,
    api.endpoint,
  ];
  const name = [principal.name, region, ...special].filter((part) => part !== undefined).join('/');
  return { name, principal, region, api };
}
