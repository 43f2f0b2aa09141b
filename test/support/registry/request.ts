// What the gate for tests reads from a request: which registry is meant, and with which credentials.
import type { IncomingMessage } from 'node:http';
import { readCredentials, type Credentials } from '../../../sandbox/registry/access-check.js';

/** One request, as the gate sees it. */
export interface GateRequest {
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

export function readGateRequest(request: IncomingMessage): GateRequest {
  const header = request.headers.authorization;
  const [, word, value = ''] = /^(Basic|Bearer) (\S+)$/i.exec(header ?? '') ?? [];
  const scheme = word === undefined ? undefined : word.toLowerCase() === 'basic' ? 'Basic' : 'Bearer';
  return {
    method: request.method ?? '',
    host: (request.headers.host ?? '').toLowerCase().replace(/:443$/, ''),
    path: request.url ?? '',
    authorized: header !== undefined,
    scheme,
    credentials: readCredentials(header),
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
