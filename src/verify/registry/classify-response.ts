// What a registry's response to a login means: its own yes or no, or something in front of it. Nothing of its text is
// shown.
import type { HttpResponse } from '../../net/http.js';
import type { RegistryReason } from './registry-reason.js';
import { isPublic, toRejectionCode } from './rejection.js';

/** `rejected` by the registry itself; `unreachable` for whatever else answered. */
export type LoginResult =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'rejected' | 'unreachable'; readonly reason: RegistryReason };

/** What the registry says to a password or token that it was shown. */
export function classifyLogin(host: string, answer: HttpResponse): LoginResult {
  const { status } = answer;
  if (status === 200 && !isHtml(answer)) return { outcome: 'accepted' };
  if ((status === 400 || status === 401 || status === 403) && isFromRegistry(host, answer)) {
    return { outcome: 'rejected', reason: toRejection(host, answer) };
  }
  return { outcome: 'unreachable', reason: toUnexpectedReason(status) };
}

/** Why a response is not one of the registry. */
export function toUnexpectedReason(status: number): RegistryReason {
  if (status === 429) return { code: 'throttled', status };
  return { code: status >= 500 ? 'server-error' : 'not-a-registry', status };
}

export function isHtml(answer: HttpResponse): boolean {
  return /^text\/html\b/i.test(answer.header('content-type') ?? '');
}

/**
 * The header is a registry's signature since the first v2 registries; the body that of the OCI distribution API. ECR
 * Public answers a bare 400 to a token that it does not accept (containers-roadmap issue 2835).
 */
function isFromRegistry(host: string, answer: HttpResponse): boolean {
  const isPublic400 = answer.status === 400 && isPublic(host) && !isHtml(answer);
  return (
    answer.header('docker-distribution-api-version') !== undefined ||
    parseFirstError(answer) !== undefined ||
    isPublic400
  );
}

function toRejection(host: string, answer: HttpResponse): RegistryReason {
  const { status } = answer;
  const error = parseFirstError(answer);
  const code = toRejectionCode(host, status, error?.message ?? answer.text);
  return { code, status, ...(error?.code === undefined ? {} : { apiCode: error.code }) };
}

/** The first error of a body of the distribution API. Its message is read to be judged, never shown. */
export function parseFirstError(answer: HttpResponse): { code?: string; message?: string } | undefined {
  const errors = (answer.json as { errors?: unknown } | null | undefined)?.errors;
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
