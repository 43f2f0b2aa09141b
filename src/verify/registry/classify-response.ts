// Classifies a response: a decision of the registry, or a response of something in front of it. Its text is never
// shown.
import type { HttpResponse } from '../../net/http.js';
import type { PullProbe, RegistryProbe } from '../../refresh/activity-types.js';
import { findDeniedAction, findRejection, isPublic } from './rejection.js';

/** The result of a request with a password or token. */
export function classifyLogin(host: string, response: HttpResponse): RegistryProbe {
  const { status } = response;
  if (status === 200 && !isHtml(response)) return { registry: host, outcome: 'accepted' };
  const isRejected = status === 400 || status === 401 || status === 403;
  if (!isRejected || !isFromRegistry(host, response)) {
    return { registry: host, outcome: 'unreachable', message: describeUnexpected(status) };
  }
  const error = parseFirstError(response);
  const { words, ...remedy } = findRejection(host, status, error?.message ?? response.text);
  const message = `${[status, error?.code].filter(Boolean).join(' ')}: ${words}`;
  return { registry: host, outcome: 'rejected', message, ...remedy };
}

/** The result of a request for an image's manifest. A missing image proves nothing about permissions. */
export function classifyPull(response: HttpResponse): Omit<PullProbe, 'image'> {
  const { status } = response;
  if (status === 200) {
    return isManifest(response)
      ? { outcome: 'allowed' }
      : { outcome: 'unknown', message: 'the response is not a manifest' };
  }
  const error = parseFirstError(response);
  if ((status === 401 || status === 403) && error) {
    const action = findDeniedAction(error.message ?? '');
    const lack = action === undefined ? '' : `: missing permission ${action}`;
    const message = `${status} ${error.code}: the principal can log in but cannot pull${lack}`;
    return { outcome: 'denied', message };
  }
  if (status === 404 && error) {
    const what = error.code === 'NAME_UNKNOWN' ? 'repository' : 'image';
    return { outcome: 'missing', message: `the registry has no such ${what}` };
  }
  return { outcome: 'unknown', message: describeUnexpected(status) };
}

/** Describes a response that is not a decision of the registry. */
export function describeUnexpected(status: number): string {
  if (status === 429) return `the registry throttled the request (${status})`;
  if (status >= 500) return `the registry or a proxy in front of it returned a server error (${status})`;
  return `this ${status} is not from the registry; check for a proxy in front of it`;
}

function isHtml(response: HttpResponse): boolean {
  return /^text\/html\b/i.test(response.header('content-type') ?? '');
}

/**
 * Registries have always sent this header in v2; the error body is that of the OCI distribution API. ECR Public returns
 * a 400 without either for a token that it rejects (containers-roadmap issue 2835).
 */
function isFromRegistry(host: string, response: HttpResponse): boolean {
  const isPublic400 = response.status === 400 && isPublic(host) && !isHtml(response);
  return (
    response.header('docker-distribution-api-version') !== undefined ||
    parseFirstError(response) !== undefined ||
    isPublic400
  );
}

/** The first error of a distribution API body. The code can be shown if it has the usual form, the message never. */
function parseFirstError({ json }: HttpResponse): { code: string; message?: string } | undefined {
  const errors = (json as { errors?: unknown } | null | undefined)?.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, message } = first as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return undefined;
  return {
    code: /^[A-Z_]{1,40}$/.test(code) ? code : '',
    ...(typeof message === 'string' ? { message } : {}),
  };
}

function isManifest({ json }: HttpResponse): boolean {
  return typeof json === 'object' && json !== null && 'schemaVersion' in json;
}
