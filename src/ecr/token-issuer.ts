// Authorization tokens of ECR and ECR Public. `registryIds` is not sent: it is deprecated, since one token serves every
// registry of the region.
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  ECRPUBLICClient,
  GetAuthorizationTokenCommand as GetPublicTokenCommand,
} from '@aws-sdk/client-ecr-public';
import type { IssuedToken, TokenIssuer } from './port.js';
import { hasFips } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { TokenGroup } from '../refresh/token-group.js';
import { Secret } from '../log/secret.js';
import { withDeadline } from '../net/deadline.js';
import { toEcrFailure, toNoFipsFailure } from './ecr-failure.js';
import type { AwsSession, AwsSessions, Run } from '../aws/aws-sessions.js';

/** One attempt 10 s, two attempts and the pause between them. */
const ISSUE_LIMIT_MS = 25_000;

const ABOUT_CREDENTIALS = ['AwsCredentialsMissing', 'AwsCredentialsRejected', 'AwsAccessDenied'] as const;

/** What both services return, as far as it is of use. */
interface AuthorizationData {
  readonly authorizationToken?: string | undefined;
  readonly expiresAt?: Date | undefined;
  readonly proxyEndpoint?: string | undefined;
}

export function createTokenIssuer(sessions: AwsSessions): TokenIssuer {
  async function issueOnce(group: TokenGroup, run: Run, signal: AbortSignal): Promise<IssuedToken> {
    const session = sessions.of(group.principal, run);
    try {
      return await issue(session, group, signal);
    } catch (error) {
      // A rotated key, a session that AWS ended, or keys of someone with fewer permissions than those that are there by now.
      if (isAboutCredentials(error)) sessions.drop(session);
      throw error;
    }
  }

  async function issueToken(group: TokenGroup, run: Run, signal: AbortSignal): Promise<IssuedToken> {
    try {
      return await issueOnce(group, run, signal);
    } catch (error) {
      if (!isAboutCredentials(error) || error.type !== 'AwsCredentialsRejected' || signal.aborted)
        throw error;
      return issueOnce(group, run, signal);
    }
  }

  return { issueToken, describeWait: ({ principal }) => sessions.of(principal).describeLoad() };
}

async function issue(session: AwsSession, group: TokenGroup, signal: AbortSignal): Promise<IssuedToken> {
  const client = createClient(session, group, signal);
  // Before anything else: AWS STS would not be found, either.
  if (group.api.service === 'ecr' && !hasFips(group.region) && (await client.config.useFipsEndpoint()))
    throw toNoFipsFailure(group.region);
  // By itself first, so that a failing load is not taken for a failing ECR.
  const { expiration } = await session.load(group.region, signal);
  const rest = new AbortController();
  const principalArn = session.readArn(group.region, AbortSignal.any([signal, rest.signal]));
  try {
    const data = await withDeadline(ISSUE_LIMIT_MS, signal, (ended) => getToken(client, ended));
    const clockOffsetMs = session.noteClockOffset(client.config.systemClockOffset);
    const token = data?.authorizationToken;
    return {
      authorizationToken: token === undefined ? undefined : new Secret(token),
      expiresAt: data?.expiresAt,
      proxyEndpoint: data?.proxyEndpoint,
      principalArn: await principalArn,
      sessionEndsAt: expiration,
      clockOffsetMs,
    };
  } catch (error) {
    throw await toEcrFailure(group, error, () => principalArn);
  } finally {
    rest.abort();
  }
}

/** A client for one call: their connections are pooled by the agent in the settings, which all have in common. */
function createClient(
  session: AwsSession,
  { region, api }: TokenGroup,
  signal: AbortSignal,
): ECRClient | ECRPUBLICClient {
  const config = {
    ...session.settings,
    credentials: () => session.load(region, signal),
    region,
    // Left out where false: AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_ENDPOINT_URL_ECR apply then.
    ...(api.fips ? { useFipsEndpoint: true } : {}),
    ...(api.dualStack ? { useDualstackEndpoint: true } : {}),
    // The SDK takes no endpoint beside the other two, and those may also come from the environment.
    ...(api.endpoint === undefined
      ? {}
      : { endpoint: api.endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
  };
  return api.service === 'ecr-public' ? new ECRPUBLICClient(config) : new ECRClient(config);
}

async function getToken(
  client: ECRClient | ECRPUBLICClient,
  abortSignal: AbortSignal,
): Promise<AuthorizationData | undefined> {
  if (client instanceof ECRPUBLICClient) {
    return (await client.send(new GetPublicTokenCommand({}), { abortSignal })).authorizationData;
  }
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}), { abortSignal });
  return authorizationData?.[0];
}

function isAboutCredentials(error: unknown): error is RefreshFailure {
  return error instanceof RefreshFailure && ABOUT_CREDENTIALS.some((type) => type === error.type);
}
