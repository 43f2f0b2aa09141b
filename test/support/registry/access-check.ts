// Access checks of the gate for tests: as ECR and ECR Public do, depending on the host, or as an insecure or hostile
// registry.
import { DEFAULT_PRINCIPAL } from '../../../sandbox/aws/answers.js';
import type { TokenChecks } from '../../../sandbox/aws/token-mint.js';
import { checkAccess, registryError, type GateAnswer } from '../../../sandbox/registry/access-check.js';
import { isPublicRegistryHost, readRegistryHost } from '../aws/host-names.js';
import { createBearerTokens } from './bearer-tokens.js';
import { readRepositoryPath, type GateRequest } from './request.js';

/** What the gate requires: a valid token as ECR does, any Authorization header, or nothing. */
export type Strictness = 'ecr' | 'any-header' | 'none';

export interface AccessCheck {
  /** The error response if the caller is denied; undefined otherwise. */
  check(request: GateRequest): GateAnswer | undefined;
  setStrictness(strictness: Strictness): void;
  setChallenge(realm: string | undefined): void;
  denyPull(repository: string): void;
}

/** The AWS stand-in whose tokens are accepted. At hosts without a region, only those of `region`, if it is set. */
export interface AccessCheckOptions {
  aws: TokenChecks;
  region?: string | undefined;
}

const NOT_AUTHORIZED = 'Not Authorized\n';

export function createAccessCheck(options: AccessCheckOptions): AccessCheck {
  const bearers = createBearerTokens(options.aws);
  const denied = new Set<string>();
  let strictness: Strictness = 'ecr';
  let realm: string | undefined;

  function checkAtPublic(request: GateRequest): GateAnswer | undefined {
    if (request.bearer === undefined) {
      const challenge = `Bearer realm="https://${request.host}/token/",service="${request.host}",scope="aws"`;
      return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
    }
    // 400 without a challenge: ECR Public does not ask a client to log in again (containers-roadmap issue 2835)
    return bearers.isValid(request.bearer) ? undefined : { status: 400, body: '' };
  }

  function admit(request: GateRequest): GateAnswer | undefined {
    const isPublic = isPublicRegistryHost(request.host);
    if (realm !== undefined) {
      const challenge = `Bearer realm="${realm}",service="${request.host}"`;
      return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
    }
    if (strictness === 'none' || (strictness === 'any-header' && request.authorized)) return undefined;
    return isPublic ? checkAtPublic(request) : checkAtPrivate(request, options);
  }

  return {
    check(request) {
      if (isPublicRegistryHost(request.host) && /^\/token\/?(?:\?|$)/.test(request.path)) {
        const token = bearers.handOut(request, strictness === 'ecr');
        return token === undefined ? { status: 400, body: '' } : { status: 200, body: { token } };
      }
      return admit(request) ?? checkPull(request, denied, options);
    },
    setStrictness: (next) => void (strictness = next),
    setChallenge: (next) => void (realm = next),
    denyPull: (repository) => void denied.add(repository),
  };
}

function checkAtPrivate(request: GateRequest, { aws, region }: AccessCheckOptions): GateAnswer | undefined {
  const { host, credentials } = request;
  const token = credentials?.user === 'AWS' ? aws.find(credentials.password) : undefined;
  const regionHere = readRegistryHost(host)?.region ?? region;
  if (token?.service === 'ecr' && regionHere !== undefined && token.region !== regionHere) {
    return { status: 400, body: '' };
  }
  if (credentials && aws.check(credentials.password) === 'session-ended') {
    // Seen in kubernetes issue 69141.
    return registryError(403, 'DENIED', 'The security token included in the request is invalid.');
  }
  return checkAccess(credentials, host, aws);
}

/** Logging in does not imply pulling, which needs a permission for each repository. */
function checkPull(
  request: GateRequest,
  denied: ReadonlySet<string>,
  { aws, region: regionHere }: AccessCheckOptions,
): GateAnswer | undefined {
  const repository = readRepositoryPath(request.path)?.repository ?? '';
  if (!denied.has(repository)) return undefined;
  const token = aws.find(request.credentials?.password ?? '');
  const owner = token?.account ?? DEFAULT_PRINCIPAL.account;
  const host = readRegistryHost(request.host);
  const region = host?.region ?? regionHere ?? token?.region ?? 'us-east-1';
  const user = DEFAULT_PRINCIPAL.arn.replace(DEFAULT_PRINCIPAL.account, owner);
  const resource = `arn:aws:ecr:${region}:${host?.account ?? owner}:repository/${repository}`;
  const action = 'ecr:BatchGetImage';
  return registryError(
    403,
    'DENIED',
    `User: ${user} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  );
}
