// Owns what a registry's answer to a sign-in means: its own yes or no, or something that stands in its way.
// Refuses to show what it said: its known texts are told in our words, see refusal.ts.
import type { RegistryProbe } from '../../refresh/activity-types.js';
import type { HttpResponse } from '../../net/http.js';
import { describeRejection, isPublic } from './rejection.js';

/** What the registry says to a password or token that it was shown. */
export function classifyLogin(host: string, answer: HttpResponse): RegistryProbe {
  const { status } = answer;
  if (status === 200 && !isHtml(answer)) return { registry: host, outcome: 'accepted' };
  if ((status === 400 || status === 401 || status === 403) && isFromRegistry(host, answer)) {
    return { registry: host, outcome: 'rejected', ...wordsOfRefusal(host, answer) };
  }
  return unreachable(host, describeUnexpectedStatus(status));
}

export function unreachable(host: string, message: string): RegistryProbe {
  return { registry: host, outcome: 'unreachable', message };
}

/** Why an answer is none of the registry. */
export function describeUnexpectedStatus(status: number): string {
  if (status === 429) return 'the registry asks for fewer requests (429)';
  if (status >= 500) return `the registry or a proxy before it failed (${status})`;
  return `something other than a registry answered (${status})`;
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
    errorOf(answer) !== undefined ||
    isPublic400
  );
}

function wordsOfRefusal(host: string, answer: HttpResponse): Pick<RegistryProbe, 'message' | 'remedy'> {
  const { status } = answer;
  const error = errorOf(answer);
  const { message, ...rest } = describeRejection(host, status, error?.message ?? answer.text);
  const code = error?.code === undefined ? '' : ` ${error.code}`;
  return { message: `${status}${code}: ${message}`, ...rest };
}

/** The first error of a body of the distribution API. Its message is read to be judged, never shown. */
export function errorOf(answer: HttpResponse): { code?: string; message?: string } | undefined {
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
