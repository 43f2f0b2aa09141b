// The signature of AWS (SigV4) for a call that the SDK has no client for here, by the SDK's own signer.
import { DEFAULT_PRINCIPAL } from '../refresh/token-group.js';
import type { AwsSession, AwsSessions } from './aws-sessions.js';

export interface SignableRequest {
  readonly method: 'POST';
  readonly url: URL;
  /** JSON, byte for byte as it will be sent. */
  readonly body: string;
}

export interface RequestSigner {
  /** The headers to send. @throws RefreshFailure AwsCredentialsMissing, and others of AWS credentials */
  sign(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>>;
  /** AWS rejected the credentials: the next call loads them again. */
  forget(): void;
}

/** A signer with the default principal of the newest run. */
export function createRequestSigner(sessions: AwsSessions, service: string, region: string): RequestSigner {
  let session: AwsSession | undefined;

  async function sign(
    { method, url, body }: SignableRequest,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    session = sessions.of(DEFAULT_PRINCIPAL);
    const credentials = await session.load(region, signal);
    // Loaded here: only MWAA needs them.
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
    // By the clock of AWS, once a token was obtained: this signer does not learn the offset itself.
    const signingDate = new Date(Date.now() + sessions.settings.systemClockOffset);
    return (await signer.sign(request, { signingDate })).headers;
  }

  return { sign, forget: () => session && sessions.drop(session) };
}
