// Signs a request (SigV4) to a service whose SDK client is not installed.
import type { Principal } from '../refresh/token-group.js';
import type { AwsSession, AwsSessions } from './aws-sessions.js';

export interface SignableRequest {
  readonly method: 'POST';
  readonly url: URL;
  /** JSON, exactly as it is sent. */
  readonly body: string;
}

/** The service, and the principal that calls it. */
export interface SignedService {
  /** As in the scope of a signature, such as `airflow`. */
  readonly service: string;
  readonly region: string;
  readonly principal: Principal;
}

export interface RequestSigner {
  /** Whose credentials sign, as the configuration names it: `AWS credentials: profile production`. */
  readonly source: string;
  /**
   * Returns the headers to send.
   * @throws RefreshFailure AwsCredentialsMissing, or another failure to load credentials
   */
  sign(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>>;
  /** Call it when AWS rejects the credentials: the next call loads them again. */
  forget(): void;
  /** The ARN of the principal. Best effort: null when AWS STS does not respond. Never fails. */
  readArn(signal: AbortSignal): Promise<string | null>;
}

/** Signs with the credentials of the latest run. */
export function createRequestSigner(
  sessions: AwsSessions,
  { service, region, principal }: SignedService,
): RequestSigner {
  let session: AwsSession | undefined;

  async function sign(
    { method, url, body }: SignableRequest,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    session = sessions.of(principal);
    const credentials = await session.load(region, signal);
    // Imported here: only MWAA needs them.
    const { SignatureV4 } = await import('@smithy/signature-v4');
    const { Sha256 } = await import('@smithy/core/checksum');
    const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
    const request = {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: {},
      headers: { host: url.host, 'content-type': 'application/json' },
      body,
    };
    // The offset is known once ECR has responded: this signer does not detect it itself.
    const signingDate = new Date(Date.now() + sessions.settings.systemClockOffset);
    return (await signer.sign(request, { signingDate })).headers;
  }

  async function readArn(signal: AbortSignal): Promise<string | null> {
    const current = sessions.of(principal);
    try {
      await current.load(region, signal);
      return await current.readArn(region, signal);
    } catch {
      return null;
    }
  }

  return {
    source: describeSource(principal),
    sign,
    forget: () => session && sessions.drop(session),
    readArn,
  };
}

function describeSource(principal: Principal): string {
  if (principal.kind === 'default') return 'AWS credentials';
  if (principal.kind === 'profile') return `AWS credentials: profile ${principal.profile}`;
  return `AWS credentials: role ${principal.roleArn}`;
}
