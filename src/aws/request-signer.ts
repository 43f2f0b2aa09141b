// Owns the signature of AWS (SigV4) for a call that the SDK has no client for here, by the SDK's own signer and
// credential chain. Refuses to keep a body: it is hashed, and left to the caller.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { DEFAULT_PRINCIPAL } from '../refresh/token-group.js';
import type { AwsSessions } from './aws-sessions.js';
import { toCredentialsFailure } from './credentials-failure.js';
import { withDeadline } from '../net/deadline.js';

/** Assuming a role, a process or the instance's metadata may each take a few seconds. */
const CREDENTIALS_TIMEOUT_MS = 20_000;

export interface SignableRequest {
  readonly method: 'POST';
  readonly url: URL;
  /** JSON, byte for byte as it will be sent. */
  readonly body: string;
}

export interface RequestSigner {
  /** The headers to send. @throws RefreshFailure AwsCredentialsMissing, and others of AWS credentials */
  sign(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>>;
  /** Loads the credentials anew next time. */
  forget(): void;
}

/** A signer with the default principal. */
export function createRequestSigner(sessions: AwsSessions, service: string, region: string): RequestSigner {
  const session = sessions.of(DEFAULT_PRINCIPAL);

  async function sign(
    { method, url, body }: SignableRequest,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    try {
      const identity = await withDeadline(CREDENTIALS_TIMEOUT_MS, signal, () =>
        session.credentials.provider({ callerClientConfig: { region: async () => region } }),
      );
      const signer = new SignatureV4({ service, region, credentials: identity, sha256: Sha256 });
      const request = {
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: {},
        headers: { host: url.host, 'content-type': 'application/json' },
        body,
      };
      // By the clock of AWS, once a token was obtained: this signer learns nothing of it by itself.
      const { headers } = await signer.sign(request, { signingDate: new Date(session.clock.nowMs()) });
      return headers;
    } catch (error) {
      throw await toCredentialsFailure({ principal: DEFAULT_PRINCIPAL, region }, error, () =>
        session.readArn(region, signal),
      );
    }
  }

  return { sign, forget: () => session.forgetCredentials() };
}

/** SHA-256, or HMAC with a key, in the form that the signer asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', toBytes(key));
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }

  reset(): void {
    throw new Error('the signer makes a new hash each time');
  }
}

function toBytes(key: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof key === 'string') return Buffer.from(key, 'utf8');
  return ArrayBuffer.isView(key)
    ? new Uint8Array(key.buffer, key.byteOffset, key.byteLength)
    : new Uint8Array(key);
}
