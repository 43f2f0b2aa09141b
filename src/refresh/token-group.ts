// A token group: the principal, region and ECR endpoint that share one token. Steps pass the name of the group.

/** The AWS identity that requests tokens. */
export type Principal =
  /** The identity from the AWS SDK's default chain. */
  | { readonly kind: 'default'; readonly name: string }
  /** A profile of the AWS configuration files. */
  | { readonly kind: 'profile'; readonly name: string; readonly profile: string }
  /** A role that the identity from the default chain assumes, directly or through other roles. */
  | {
      readonly kind: 'role';
      readonly name: string;
      readonly roleArn: string;
      /** Roles to assume first, in this order. */
      readonly via: readonly string[];
      readonly externalId?: string;
      readonly sessionName: string;
      /** Duration of the session of `roleArn`; absent: one hour, AWS's default. */
      readonly sessionSeconds?: number;
    }
  /** A role that is assumed with the token of an identity provider. The token file is read each time. */
  | {
      readonly kind: 'web-identity';
      readonly name: string;
      readonly roleArn: string;
      readonly tokenFile: string;
      readonly sessionName: string;
    };

export const DEFAULT_PRINCIPAL: Principal = { kind: 'default', name: 'default' };

/** The ECR endpoint that issues tokens. */
export interface EcrApi {
  readonly service: 'ecr' | 'ecr-public';
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** URL of a custom endpoint, such as a VPC endpoint. */
  readonly endpoint?: string;
}

export interface TokenGroup {
  /** For example `default/us-east-1`, or `default/us-east-1/fips` with a FIPS endpoint. */
  readonly name: string;
  readonly principal: Principal;
  readonly region: string;
  readonly api: EcrApi;
}

/**
 * One token serves every registry that a principal can access in a region.
 * Source: AWS's documentation of GetAuthorizationToken, which deprecates `registryIds` for this reason.
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
