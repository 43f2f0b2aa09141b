// Gets authorization tokens of ECR and ECR Public. `registryIds` is not sent: it is deprecated, because a token is
// valid for every registry of the region.
import type { ECRClient } from '@aws-sdk/client-ecr';
import type { ECRPUBLICClient } from '@aws-sdk/client-ecr-public';
import type { IssuedToken, TokenIssuer } from './port.js';
import { hasFips } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { TokenResponse } from '../refresh/token.js';
import { Secret } from '../log/secret.js';
import { withDeadline } from '../net/deadline.js';
import { describePlace, toEcrFailure, toNoFipsFailure } from './ecr-failure.js';
import { toForeignFailure } from '../aws/aws-error.js';
import type { AwsSession, AwsSessions, Run } from '../aws/aws-sessions.js';

/** Two attempts of 10 s and the pause between them. */
const ISSUE_LIMIT_MS = 25_000;

const ABOUT_CREDENTIALS: readonly string[] = [
  'AwsCredentialsMissing',
  'AwsCredentialsRejected',
  'AwsAccessDenied',
];

export function createTokenIssuer(sessions: AwsSessions): TokenIssuer {
  async function issueToken(
    group: TokenGroup,
    run: Run,
    signal: AbortSignal,
    mayRetry = true,
  ): Promise<IssuedToken> {
    const session = sessions.of(group.principal, run);
    try {
      return await issue(session, group, signal);
    } catch (error) {
      const type = error instanceof RefreshFailure ? error.type : '';
      // For example a rotated key, a session that AWS ended, or keys since replaced by ones with more permissions.
      if (ABOUT_CREDENTIALS.includes(type)) sessions.drop(session);
      if (!mayRetry || type !== 'AwsCredentialsRejected' || signal.aborted) throw error;
      return issueToken(group, run, signal, false);
    }
  }

  return { issueToken, describeWait: ({ principal }) => sessions.of(principal).describeLoad() };
}

async function issue(session: AwsSession, group: TokenGroup, signal: AbortSignal): Promise<IssuedToken> {
  const { client, getToken } = await createClient(session, group, signal);
  // Checked first: the host of AWS STS would not exist either.
  if (group.api.service === 'ecr' && !hasFips(group.region) && (await client.config.useFipsEndpoint()))
    throw toNoFipsFailure(group.region);
  // Loaded separately and first, so that a failure to load is not reported as a failure of ECR.
  const { expiration } = await session.load(group.region, signal);
  const rest = new AbortController();
  const principalArn = session.readArn(group.region, AbortSignal.any([signal, rest.signal]));
  try {
    const { data, isFromAws } = await withDeadline(ISSUE_LIMIT_MS, signal, getToken);
    // For example the JSON of a proxy's login.
    if (!isFromAws && data?.authorizationToken === undefined)
      throw toForeignFailure(describePlace(group), 200);
    const clockOffsetMs = session.noteClockOffset(client.config.systemClockOffset);
    // The SDK does not check the types of what it returns.
    const { authorizationToken, expiresAt, proxyEndpoint }: Readonly<Record<string, unknown>> = { ...data };
    return {
      authorizationToken: typeof authorizationToken === 'string' ? new Secret(authorizationToken) : undefined,
      expiresAt: expiresAt instanceof Date ? expiresAt : undefined,
      proxyEndpoint: typeof proxyEndpoint === 'string' ? proxyEndpoint : undefined,
      principalArn: await principalArn,
      sessionEndsAt: expiration,
      clockOffsetMs,
    };
  } catch (error) {
    throw await toEcrFailure(group, error, principalArn);
  } finally {
    rest.abort();
  }
}

interface TokenClient {
  readonly client: ECRClient | ECRPUBLICClient;
  getToken(abortSignal: AbortSignal): Promise<TokenResult>;
}

interface TokenResult {
  readonly data: TokenResponse | undefined;
  /** The response has the request id that AWS gives every call. */
  readonly isFromAws: boolean;
}

function toResult(
  data: TokenResponse | undefined,
  metadata: { requestId?: string | undefined },
): TokenResult {
  return { data, isFromAws: metadata.requestId !== undefined };
}

/**
 * A client for one call; all clients share the connection pool of the agent in the settings. The SDK is imported at its
 * first use, to keep the worker's start fast.
 */
async function createClient(
  session: AwsSession,
  { region, api }: TokenGroup,
  signal: AbortSignal,
): Promise<TokenClient> {
  const config = {
    ...session.settings,
    credentials: () => session.load(region, signal),
    region,
    // Omitted if false, so that AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and AWS_ENDPOINT_URL_ECR apply.
    ...(api.fips ? { useFipsEndpoint: true } : {}),
    ...(api.dualStack ? { useDualstackEndpoint: true } : {}),
    // The SDK rejects a custom endpoint combined with the other two, which may also be set in the environment.
    ...(api.endpoint === undefined
      ? {}
      : { endpoint: api.endpoint, useFipsEndpoint: false, useDualstackEndpoint: false }),
  };
  if (api.service === 'ecr-public') {
    const { ECRPUBLIC } = await import('@aws-sdk/client-ecr-public');
    const client = new ECRPUBLIC(config);
    return {
      client,
      async getToken(abortSignal) {
        const output = await client.getAuthorizationToken({}, { abortSignal });
        return toResult(output.authorizationData, output.$metadata);
      },
    };
  }
  const { ECR } = await import('@aws-sdk/client-ecr');
  const client = new ECR(config);
  return {
    client,
    async getToken(abortSignal) {
      const output = await client.getAuthorizationToken({}, { abortSignal });
      return toResult(output.authorizationData?.[0], output.$metadata);
    },
  };
}
