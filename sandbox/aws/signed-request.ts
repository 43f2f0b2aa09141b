// Parses a request to the AWS stand-in: service, action, access key and region. The format of the signature is checked;
// the signature itself is not verified.
import type { IncomingMessage } from 'node:http';

export type AwsService = 'ecr' | 'ecr-public' | 'sts';

/** One call, as recorded. */
export interface AwsCall {
  service: AwsService;
  /** For example `GetAuthorizationToken`; empty when the request names none. */
  action: string;
  /** From the credential scope of the signature; empty when unsigned. */
  region: string;
  /** Empty when unsigned. */
  accessKeyId: string;
  /** Whether the request has a session token. */
  hasSessionToken: boolean;
  /** The Host header: the endpoint that was called. */
  host: string;
  /** Epoch milliseconds, by the machine's clock. */
  at: number;
  /** JSON members or query parameters. */
  input: Record<string, unknown>;
}

const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=[^,]+, ?Signature=[0-9a-f]{64}$/;

const TARGET_SERVICES: Record<string, AwsService> = {
  AmazonEC2ContainerRegistry_V20150921: 'ecr',
  SpencerFrontendService: 'ecr-public',
};

/** Reads a request to one of the services; `undefined` for any other request. */
export function readAwsCall(request: IncomingMessage, body: string): AwsCall | undefined {
  const signature = SIGNATURE.exec(request.headers.authorization ?? '');
  const who = {
    accessKeyId: signature?.[1] ?? '',
    region: signature?.[2] ?? '',
    hasSessionToken: request.headers['x-amz-security-token'] !== undefined,
    host: request.headers.host ?? '',
    at: Date.now(),
  };
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const [prefix = '', action = ''] = target.split('.');
    const service = TARGET_SERVICES[prefix];
    return service && { ...who, service, action, input: parseJson(body) };
  }
  const query = new URLSearchParams(body);
  const action = query.get('Action');
  if (action === null) return undefined;
  return { ...who, service: 'sts', action, input: Object.fromEntries(query) };
}

function parseJson(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
