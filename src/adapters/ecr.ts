// Owns the conversation with AWS: an ECR authorization token of the default credential chain, and whose it is.
// Refuses `registryIds` (deprecated: one token serves every registry of the region) and the SDK's own logger, which
// prints tokens in clear.
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { IssuedToken, TokenIssuer } from '../activities/ports.js';
import { RefreshFailure } from '../domain/failures.js';
import { Secret } from '../secret.js';
import { failureOfCredentials, failureOfEcr } from './aws-failure.js';
import { withDeadline } from './deadline.js';
import { createHttpsAgent } from './https-agent.js';

/** One attempt 10 s, two attempts and the pause between them. */
const ISSUE_TIMEOUT_MS = 25_000;
/** Assuming a role, a process or the instance's metadata may each take a few seconds. */
const CREDENTIALS_TIMEOUT_MS = 20_000;
/** Whose token it is is worth knowing, not worth waiting for. */
const IDENTITY_TIMEOUT_MS = 5_000;

/** What is kept between calls, and dropped as a whole when AWS no longer accepts the credentials. */
interface AwsSession {
  readonly credentials: ReturnType<typeof fromNodeProviderChain>;
  readonly ecr: Map<string, ECRClient>;
  readonly sts: Map<string, STSClient>;
  principalArn?: string;
}

/** The issuer of tokens for the default principal; one client per region, kept. */
export function createTokenIssuer(): TokenIssuer {
  const settings = clientSettings();
  let session = createSession(settings);

  async function issueToken(region: string, signal: AbortSignal): Promise<IssuedToken> {
    const used = session;
    try {
      return await issue(used, settings, region, signal);
    } catch (error) {
      // A file of static credentials is read once by the SDK and kept for ever: a new session reads it again.
      // The old clients are dropped, not destroyed: they share the agent, and other regions may be using them.
      if (isAboutCredentials(error) && session === used) {
        session = createSession(settings);
      }
      throw error;
    }
  }

  return { issueToken };
}

type ClientSettings = ReturnType<typeof clientSettings>;

/** Limits, proxy and TLS rules of every call to AWS. */
export function clientSettings() {
  return {
    // The workflow's retries are the real ones; the second attempt is for a dropped connection.
    maxAttempts: 2,
    requestHandler: {
      httpsAgent: createHttpsAgent(),
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      // Without it the SDK only warns on the console, and waits on.
      throwOnRequestTimeout: true,
    },
  };
}

function createSession(settings: ClientSettings): AwsSession {
  return {
    credentials: fromNodeProviderChain({ clientConfig: settings, ignoreCache: true }),
    ecr: new Map(),
    sts: new Map(),
  };
}

async function issue(
  session: AwsSession,
  settings: ClientSettings,
  region: string,
  signal: AbortSignal,
): Promise<IssuedToken> {
  await loadCredentials(session, region, signal);
  const rest = new AbortController();
  const identity = readPrincipal(session, settings, region, AbortSignal.any([signal, rest.signal]));
  try {
    const client = clientOf(
      session.ecr,
      region,
      () => new ECRClient({ ...settings, region, credentials: session.credentials }),
    );
    const answer = await withDeadline(ISSUE_TIMEOUT_MS, signal, (abortSignal) =>
      client.send(new GetAuthorizationTokenCommand({}), { abortSignal }),
    );
    const first = answer.authorizationData?.[0];
    return {
      authorizationToken:
        first?.authorizationToken === undefined ? undefined : new Secret(first.authorizationToken),
      expiresAt: first?.expiresAt,
      principalArn: await identity,
    };
  } catch (error) {
    throw await failureOfEcr(region, error, () => identity);
  } finally {
    rest.abort();
  }
}

/** Loaded by itself first, so that a failing sign-in to AWS is not taken for a failing ECR. */
async function loadCredentials(session: AwsSession, region: string, signal: AbortSignal): Promise<void> {
  try {
    await withDeadline(CREDENTIALS_TIMEOUT_MS, signal, () =>
      session.credentials({ callerClientConfig: { region: async () => region } }),
    );
  } catch (error) {
    throw failureOfCredentials(error);
  }
}

/** Best effort: null when STS does not say. Asked once per principal. */
async function readPrincipal(
  session: AwsSession,
  settings: ClientSettings,
  region: string,
  signal: AbortSignal,
): Promise<string | null> {
  if (session.principalArn) return session.principalArn;
  try {
    const client = clientOf(
      session.sts,
      region,
      () => new STSClient({ ...settings, region, credentials: session.credentials }),
    );
    const answer = await withDeadline(IDENTITY_TIMEOUT_MS, signal, (abortSignal) =>
      client.send(new GetCallerIdentityCommand({}), { abortSignal }),
    );
    const arn = answer.Arn ?? '';
    // It goes into reports and messages, so it must be an ARN and nothing else.
    if (!/^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:[\w+=,.@:/-]{1,300}$/.test(arn)) return null;
    session.principalArn = arn;
    return arn;
  } catch {
    // The token is what matters: where STS cannot be reached, the report names no principal.
    return null;
  }
}

function clientOf<Client>(clients: Map<string, Client>, region: string, create: () => Client): Client {
  const client = clients.get(region) ?? create();
  clients.set(region, client);
  return client;
}

function isAboutCredentials(error: unknown): boolean {
  return (
    error instanceof RefreshFailure &&
    (error.type === 'AwsCredentialsMissing' || error.type === 'AwsCredentialsRejected')
  );
}
