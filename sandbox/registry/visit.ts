// Owns what the gate reads from a request: which registry is meant, and with what somebody comes.
// Refuses to judge it; see admission.ts.
import type { IncomingMessage } from 'node:http';

/** User and password of a Basic header. */
export interface Credentials {
  user: string;
  password: string;
}

/** One request, as the gate sees it. */
export interface Visit {
  method: string;
  /** The Host header in lower case, without the port of HTTPS. */
  host: string;
  path: string;
  /** Whether there is an Authorization header, whatever it says. */
  authorized: boolean;
  /** Of that header; undefined when there is none, or one of another scheme. */
  scheme: 'Basic' | 'Bearer' | undefined;
  credentials: Credentials | undefined;
  bearer: string | undefined;
}

export function readVisit(request: IncomingMessage): Visit {
  const header = request.headers.authorization;
  const [, word, value = ''] = /^(Basic|Bearer) (\S+)$/i.exec(header ?? '') ?? [];
  const scheme = word === undefined ? undefined : word.toLowerCase() === 'basic' ? 'Basic' : 'Bearer';
  return {
    method: request.method ?? '',
    host: (request.headers.host ?? '').toLowerCase().replace(/:443$/, ''),
    path: request.url ?? '',
    authorized: header !== undefined,
    scheme,
    credentials: scheme === 'Basic' ? decodeBasic(value) : undefined,
    bearer: scheme === 'Bearer' ? value : undefined,
  };
}

/** Repository and kind of what a path of the distribution API is about; undefined for `/v2/` and strange paths. */
export function readRepositoryPath(
  path: string,
): { repository: string; kind: 'manifests' | 'blobs'; reference: string } | undefined {
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)(?:\?.*)?$/.exec(path);
  if (match === null) return undefined;
  const [, repository = '', kind, reference = ''] = match;
  return { repository, kind: kind === 'blobs' ? 'blobs' : 'manifests', reference };
}

function decodeBasic(encoded: string): Credentials | undefined {
  if (!/^[A-Za-z0-9+/=]+$/.test(encoded)) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? undefined : { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
