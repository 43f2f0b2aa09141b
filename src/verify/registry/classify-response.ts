// What a registry's response to a login means: its own decision, or something in front of it. None of its text is shown.
import type { HttpResponse } from '../../net/http.js';
import type { RegistryReason } from './registry-reason.js';
import { isPublic, toRejectionCode } from './rejection.js';

/** `rejected` by the registry itself; `unreachable` for whatever else answered. */
export type LoginResult =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'rejected' | 'unreachable'; readonly reason: RegistryReason };

/** The result of a request with a password or token. */
export function classifyLogin(host: string, response: HttpResponse): LoginResult {
  const { status } = response;
  if (status === 200 && !isHtml(response)) return { outcome: 'accepted' };
  if ((status === 400 || status === 401 || status === 403) && isFromRegistry(host, response)) {
    return { outcome: 'rejected', reason: toRejection(host, response) };
  }
  return { outcome: 'unreachable', reason: toUnexpectedReason(status) };
}

/** Why a response is not one of the registry. */
export function toUnexpectedReason(status: number): RegistryReason {
  if (status === 429) return { code: 'throttled', status };
  return { code: status >= 500 ? 'server-error' : 'not-a-registry', status };
}

function isHtml(response: HttpResponse): boolean {
  return /^text\/html\b/i.test(response.header('content-type') ?? '');
}

/**
 * The header is a registry's signature since the first v2 registries; the body that of the OCI distribution API. ECR
 * Public answers a bare 400 to a token that it does not accept (containers-roadmap issue 2835).
 */
function isFromRegistry(host: string, response: HttpResponse): boolean {
  const isPublic400 = response.status === 400 && isPublic(host) && !isHtml(response);
  return (
    response.header('docker-distribution-api-version') !== undefined ||
    parseFirstError(response) !== undefined ||
    isPublic400
  );
}

function toRejection(host: string, response: HttpResponse): RegistryReason {
  const { status } = response;
  const error = parseFirstError(response);
  const code = toRejectionCode(host, status, error?.message ?? response.text);
  return { code, status, ...(error?.code === undefined ? {} : { apiCode: error.code }) };
}

/** The first error of a body of the distribution API. Its message is classified, never shown. */
export function parseFirstError(response: HttpResponse): { code?: string; message?: string } | undefined {
  const errors = (response.json as { errors?: unknown } | null | undefined)?.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, message } = first as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return undefined;
  return {
    // Only what looks like one of the API's codes is shown.
    ...(/^[A-Z_]{1,40}$/.test(code) ? { code } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}
