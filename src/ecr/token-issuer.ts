// Owns the conversation with ECR and ECR Public: an authorization token of a token group, and whose it is.
// Refuses `registryIds`: they are deprecated, since one token serves every registry of the region.
import { GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { GetAuthorizationTokenCommand as GetPublicTokenCommand } from '@aws-sdk/client-ecr-public';
import type { IssuedToken, TokenIssuer } from './port.js';
import { hasFips } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { TokenGroup } from '../refresh/token-group.js';
import { Secret } from '../log/secret.js';
import { withDeadline } from '../net/deadline.js';
import { toCredentialsFailure } from '../aws/credentials-failure.js';
import { toEcrFailure, toNoFipsFailure } from './ecr-failure.js';
import type { AwsSession, AwsSessions } from '../aws/aws-sessions.js';
import type { AwsIdentity } from '../aws/principal-credentials.js';

/** One attempt 10 s, two attempts and the pause between them. */
const ISSUE_TIMEOUT_MS = 25_000;
/** Assuming a role, a process or the instance's metadata may each take a few seconds. */
const CREDENTIALS_TIMEOUT_MS = 20_000;

const ABOUT_CREDENTIALS = ['AwsCredentialsMissing', 'AwsCredentialsRejected', 'AwsAccessDenied'] as const;

/** What both services answer, as far as it is of use. */
interface AuthorizationData {
  readonly authorizationToken?: string | undefined;
  readonly expiresAt?: Date | undefined;
  readonly proxyEndpoint?: string | undefined;
}

export function createTokenIssuer(sessions: AwsSessions): TokenIssuer {
  async function issueOnce(group: TokenGroup, signal: AbortSignal): Promise<IssuedToken> {
    const session = sessions.of(group.principal);
    let identity: AwsIdentity | undefined;
    try {
      await checkFips(session, group);
      identity = await loadCredentials(session, sessions, group, signal);
      return await issue(session, group, identity.expiration, signal);
    } catch (error) {
      // Files, roles and metadata are asked anew the next time: a rotated key, a session that AWS ended, or keys of
      // somebody who may do less than those that are there by now, is mended so.
      if (isAboutCredentials(error)) session.forgetCredentials(identity);
      throw error;
    }
  }

  async function issueToken(group: TokenGroup, signal: AbortSignal): Promise<IssuedToken> {
    try {
      return await issueOnce(group, signal);
    } catch (error) {
      if (!isAboutCredentials(error) || error.type !== 'AwsCredentialsRejected' || signal.aborted)
        throw error;
      return issueOnce(group, signal);
    }
  }

  return { issueToken };
}

async function issue(
  session: AwsSession,
  group: TokenGroup,
  sessionEndsAt: Date | undefined,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const rest = new AbortController();
  const identity = session.readArn(group.region, AbortSignal.any([signal, rest.signal]));
  try {
    const data = await withDeadline(ISSUE_TIMEOUT_MS, signal, (abortSignal) =>
      getToken(session, group, abortSignal),
    );
    const token = data?.authorizationToken;
    return {
      authorizationToken: token === undefined ? undefined : new Secret(token),
      expiresAt: data?.expiresAt,
      proxyEndpoint: data?.proxyEndpoint,
      principalArn: await identity,
      sessionEndsAt,
      clockOffsetMs: session.clock.offsetMs,
    };
  } catch (error) {
    throw await toEcrFailure(group, error, () => identity);
  } finally {
    rest.abort();
  }
}

/** The environment may want FIPS, too. Before anything else: STS would not be found, either. */
async function checkFips(session: AwsSession, group: TokenGroup): Promise<void> {
  if (group.api.service === 'ecr-public' || hasFips(group.region)) return;
  if (await session.privateClient(group).config.useFipsEndpoint()) throw toNoFipsFailure(group.region);
}

/** Loaded by itself first, so that a failing sign-in to AWS is not taken for a failing ECR. */
async function loadCredentials(
  session: AwsSession,
  sessions: AwsSessions,
  { principal, region }: TokenGroup,
  signal: AbortSignal,
): Promise<AwsIdentity> {
  try {
    return await withDeadline(CREDENTIALS_TIMEOUT_MS, signal, () => session.credentials.loadFresh(region));
  } catch (error) {
    throw await toCredentialsFailure({ principal, region }, error, (asker) =>
      sessions.of(asker).readArn(region, signal),
    );
  }
}

async function getToken(
  session: AwsSession,
  group: TokenGroup,
  abortSignal: AbortSignal,
): Promise<AuthorizationData | undefined> {
  if (group.api.service === 'ecr-public') {
    const client = session.publicClient(group);
    const { authorizationData } = await client.send(new GetPublicTokenCommand({}), { abortSignal });
    session.clock.note(client.config.systemClockOffset);
    return authorizationData;
  }
  const client = session.privateClient(group);
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}), { abortSignal });
  session.clock.note(client.config.systemClockOffset);
  return authorizationData?.[0];
}

function isAboutCredentials(error: unknown): error is RefreshFailure {
  return error instanceof RefreshFailure && ABOUT_CREDENTIALS.some((type) => type === error.type);
}
