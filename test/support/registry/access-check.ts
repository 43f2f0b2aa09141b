// Who may use the gate for tests: as at ECR and ECR Public, each registry by its host, or as at registries that are less
// strict, or hostile.
import { DEFAULT_PRINCIPAL } from '../../../sandbox/aws/answers.js';
import type { TokenChecks } from '../../../sandbox/aws/token-mint.js';
import { checkAccess, registryError, type GateAnswer } from '../../../sandbox/registry/access-check.js';
import { isPublicRegistryHost, readRegistryHost } from '../aws/host-names.js';
import { createBearerTokens } from './bearer-tokens.js';
import { readRepositoryPath, type GateRequest } from './request.js';

/** How careful the gate is: as ECR is, content with any Authorization header, or with none. */
export type Care = 'ecr' | 'any-header' | 'none';

export interface AccessCheck {
  /** The response to a caller who is not admitted; undefined for the others. */
  check(request: GateRequest): GateAnswer | undefined;
  setCare(care: Care): void;
  setChallenge(realm: string | undefined): void;
  denyPull(repository: string): void;
}

/** Whose tokens are admitted; at hosts that name no region, those of `region` alone where one is given. */
export interface AccessCheckOptions {
  aws: TokenChecks;
  region?: string | undefined;
}

const NOT_AUTHORIZED = 'Not Authorized\n';

export function createAccessCheck(options: AccessCheckOptions): AccessCheck {
  const bearers = createBearerTokens(options.aws);
  const denied = new Set<string>();
  let care: Care = 'ecr';
  let realm: string | undefined;

  function checkAtPublic(request: GateRequest): GateAnswer | undefined {
    if (request.bearer === undefined) {
      const challenge = `Bearer realm="https://${request.host}/token/",service="${request.host}",scope="aws"`;
      return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
    }
    // 400, and no challenge: ECR Public does not tell a client to sign in again (containers-roadmap issue 2835)
    return bearers.isValid(request.bearer) ? undefined : { status: 400, body: '' };
  }

  function admit(request: GateRequest): GateAnswer | undefined {
    const isPublic = isPublicRegistryHost(request.host);
    if (realm !== undefined) {
      const challenge = `Bearer realm="${realm}",service="${request.host}"`;
      return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
    }
    if (care === 'none' || (care === 'any-header' && request.authorized)) return undefined;
    return isPublic ? checkAtPublic(request) : checkAtPrivate(request, options);
  }

  return {
    check(request) {
      if (isPublicRegistryHost(request.host) && /^\/token\/?(?:\?|$)/.test(request.path)) {
        const token = bearers.handOut(request, care === 'ecr');
        return token === undefined ? { status: 400, body: '' } : { status: 200, body: { token } };
      }
      return admit(request) ?? checkPull(request, denied, options);
    },
    setCare: (next) => void (care = next),
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
  return checkAccess(credentials, host, aws);
}

/** Signing in says nothing of pulling: that is another permission, of each repository. */
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
