// Reads registry host, path and credentials from a request to the gate for tests.
import type { IncomingMessage } from 'node:http';
import { readCredentials, type Credentials } from '../../../sandbox/registry/access-check.js';

export interface GateRequest {
  method: string;
  /** The Host header in lower case, without port 443. */
  host: string;
  path: string;
  /** Whether there is an Authorization header with any content. */
  authorized: boolean;
  /** The scheme of this header; undefined if there is no header, or for another scheme. */
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

/** Repository, kind and reference from a path of the distribution API; undefined for `/v2/` and unknown paths. */
export function readRepositoryPath(
  path: string,
): { repository: string; kind: 'manifests' | 'blobs'; reference: string } | undefined {
  const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?]+)(?:\?.*)?$/.exec(path);
  if (match === null) return undefined;
  const [, repository = '', kind, reference = ''] = match;
  return { repository, kind: kind === 'blobs' ? 'blobs' : 'manifests', reference };
}
