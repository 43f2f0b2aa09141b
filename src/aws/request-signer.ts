// Signs a request (SigV4) to a service whose SDK client is not installed.
import { DEFAULT_PRINCIPAL } from '../refresh/token-group.js';
import type { AwsSession, AwsSessions } from './aws-sessions.js';

export interface SignableRequest {
  readonly method: 'POST';
  readonly url: URL;
  /** JSON, exactly as it is sent. */
  readonly body: string;
}

export interface RequestSigner {
  /**
   * Returns the headers to send.
   * @throws RefreshFailure AwsCredentialsMissing, or another failure to load credentials
   */
  sign(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>>;
  /** Call it when AWS rejects the credentials: the next call loads them again. */
  forget(): void;
}

/** Signs as the default principal, with the credentials of the latest run. */
export function createRequestSigner(sessions: AwsSessions, service: string, region: string): RequestSigner {
  let session: AwsSession | undefined;

  async function sign(
    { method, url, body }: SignableRequest,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    session = sessions.of(DEFAULT_PRINCIPAL);
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

  return { sign, forget: () => session && sessions.drop(session) };
}
