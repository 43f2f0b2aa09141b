// Owns the signature of AWS (SigV4) for a call that the SDK has no client for here, by the SDK's own signer and
// credential chain. Refuses to keep a body: it is hashed, and left to the caller.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { SignatureV4 } from '@smithy/signature-v4';
import { failureOfCredentials } from '../aws-failure.js';
import { withDeadline } from '../deadline.js';
import { clientSettings } from '../ecr.js';

/** Assuming a role, a process or the instance's metadata may each take a few seconds. */
const CREDENTIALS_TIMEOUT_MS = 20_000;

export interface SignableRequest {
  readonly method: 'POST';
  readonly url: URL;
  /** JSON, byte for byte as it will be sent. */
  readonly body: string;
}

export interface AwsSigner {
  /** The headers to send. @throws RefreshFailure AwsCredentialsMissing, and others of AWS credentials */
  sign(request: SignableRequest, signal: AbortSignal): Promise<Record<string, string>>;
  /** Loads the credentials anew next time. */
  forget(): void;
}

/** A signer with the default principal. */
export function createAwsSigner(service: string, region: string): AwsSigner {
  let credentials: ReturnType<typeof fromNodeProviderChain> | undefined;

  async function sign(
    { method, url, body }: SignableRequest,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    credentials ??= fromNodeProviderChain({ clientConfig: clientSettings(), ignoreCache: true });
    const provider = credentials;
    try {
      const identity = await withDeadline(CREDENTIALS_TIMEOUT_MS, signal, () =>
        provider({ callerClientConfig: { region: async () => region } }),
      );
      const signer = new SignatureV4({ service, region, credentials: identity, sha256: Sha256 });
      const { headers } = await signer.sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: {},
        headers: { host: url.host, 'content-type': 'application/json' },
        body,
      });
      return headers;
    } catch (error) {
      credentials = undefined;
      throw failureOfCredentials(error);
    }
  }

  return { sign, forget: () => void (credentials = undefined) };
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
