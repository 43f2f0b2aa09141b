// Owns who is let through the gate, and with what words the others are sent away: as ECR and ECR Public do it, or as
// registries that are less careful, or hostile. Refuses to know images.
import { isPublicRegistryHost, readRegistryHost } from '../aws/host-names.js';
import { DEFAULT_PRINCIPAL } from '../aws/principals.js';
import type { AwsStandIn } from '../aws.js';
import { createBearerTokens } from './bearer-tokens.js';
import { readRepositoryPath, type Visit } from './visit.js';

/** An answer of the gate's own. */
export interface Answer {
  status: number;
  /** Sent as it is when a string, else as JSON. */
  body: unknown;
  headers?: Record<string, string>;
}

/** How careful the gate is: as ECR is, content with any Authorization header, or with none. */
export type Care = 'ecr' | 'any-header' | 'none';

/** The gatekeeper. */
export interface Admission {
  /** The answer for one who is not let through; undefined for the others. */
  judge(visit: Visit): Answer | undefined;
  setCare(care: Care): void;
  setChallenge(realm: string | undefined): void;
  denyPull(repository: string): void;
}

/** Whose tokens are admitted; at hosts that name no region, those of `region` alone where one is given. */
export interface AdmissionOptions {
  aws: Pick<AwsStandIn, 'check' | 'find'>;
  region?: string | undefined;
}

const NOT_AUTHORIZED = 'Not Authorized\n';

export function createAdmission(options: AdmissionOptions): Admission {
  const bearers = createBearerTokens(options.aws);
  const denied = new Set<string>();
  let care: Care = 'ecr';
  let realm: string | undefined;

  function judgeAtPublic(visit: Visit): Answer | undefined {
    if (visit.bearer === undefined) {
      const challenge = `Bearer realm="https://${visit.host}/token/",service="${visit.host}",scope="aws"`;
      return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
    }
    // 400, and no challenge: ECR Public does not tell a client to sign in again (containers-roadmap issue 2835)
    return bearers.isValid(visit.bearer) ? undefined : { status: 400, body: '' };
  }

  function admit(visit: Visit): Answer | undefined {
    const isPublic = isPublicRegistryHost(visit.host);
    if (realm !== undefined) {
      const challenge = `Bearer realm="${realm}",service="${visit.host}"`;
      return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
    }
    if (care === 'none' || (care === 'any-header' && visit.authorized)) return undefined;
    return isPublic ? judgeAtPublic(visit) : judgeAtPrivate(visit, options);
  }

  return {
    judge(visit) {
      if (isPublicRegistryHost(visit.host) && /^\/token\/?(?:\?|$)/.test(visit.path)) {
        const token = bearers.handOut(visit, care === 'ecr');
        return token === undefined ? { status: 400, body: '' } : { status: 200, body: { token } };
      }
      return admit(visit) ?? classifyPull(visit, denied, options);
    },
    setCare: (next) => void (care = next),
    setChallenge: (next) => void (realm = next),
    denyPull: (repository) => void denied.add(repository),
  };
}

function judgeAtPrivate(visit: Visit, { aws, region }: AdmissionOptions): Answer | undefined {
  const { host, credentials } = visit;
  if (credentials?.user !== 'AWS') {
    const challenge = `Basic realm="https://${host}/",service="ecr.amazonaws.com"`;
    return { status: 401, body: NOT_AUTHORIZED, headers: { 'Www-Authenticate': challenge } };
  }
  const token = aws.find(credentials.password);
  const regionHere = readRegistryHost(host)?.region ?? region;
  if (token?.service === 'ecr' && regionHere !== undefined && token.region !== regionHere) {
    return { status: 400, body: '' };
  }
  // ECR says "expired" of every password that it does not know, too
  if (token?.service !== 'ecr' || aws.check(credentials.password) !== 'valid') {
    return errorAnswer(403, 'DENIED', 'Your authorization token has expired. Reauthenticate and try again.');
  }
  return undefined;
}

/** Signing in says nothing of pulling: that is another permission, of each repository. */
function classifyPull(
  visit: Visit,
  denied: ReadonlySet<string>,
  { aws, region: regionHere }: AdmissionOptions,
): Answer | undefined {
  const repository = readRepositoryPath(visit.path)?.repository ?? '';
  if (!denied.has(repository)) return undefined;
  const token = aws.find(visit.credentials?.password ?? '');
  const owner = token?.account ?? DEFAULT_PRINCIPAL.account;
  const host = readRegistryHost(visit.host);
  const region = host?.region ?? regionHere ?? token?.region ?? 'us-east-1';
  const user = DEFAULT_PRINCIPAL.arn.replace(DEFAULT_PRINCIPAL.account, owner);
  const resource = `arn:aws:ecr:${region}:${host?.account ?? owner}:repository/${repository}`;
  const action = 'ecr:BatchGetImage';
  return errorAnswer(
    403,
    'DENIED',
    `User: ${user} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  );
}

/** An error in the form of the distribution API. */
export function errorAnswer(status: number, code: string, message: string): Answer {
  return { status, body: { errors: [{ code, message }] } };
}
