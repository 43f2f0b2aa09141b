// Texts of the server, of a proxy, or of the SDK about them, before they are shown.
import { MAX_CHARS, toSafeText } from '../refresh/safe-text.js';
import { createProxyHeaders } from '../net/proxy.js';
import type { TemporalSettings } from './settings/settings.js';

/** A shorter value, such as a flag in a header, is no secret and would garble the text. */
const MIN_SECRET_CHARS = 4;

/** The values that authenticate to Temporal, or to the proxy in front of it. */
export function listSecrets({ apiKey, metadata, proxy }: TemporalSettings): string[] {
  const headers = [metadata, proxy ? createProxyHeaders(proxy) : {}].flatMap((sent) => Object.values(sent));
  // A server may quote the credentials without the scheme in front of them.
  const withoutScheme = headers.map((value) => value.replace(/^(?:basic|bearer)\s+/i, ''));
  const values = [apiKey, ...headers, ...withoutScheme, proxy?.credentials?.password];
  return values.filter((value) => value !== undefined && value.length >= MIN_SECRET_CHARS) as string[];
}

/** For a text from outside: a server or proxy might return the headers of the request. */
export function removeSecrets(text: string, secrets: Iterable<string>): string {
  let safe = text;
  // One may be the start of another.
  const longestFirst = [...secrets].toSorted((one, other) => other.length - one.length);
  for (const secret of longestFirst) safe = safe.replaceAll(secret, '[secret]');
  return safe;
}

/** Such a text as a part of a message. */
export function toQuote(text: string): string {
  return toSafeText(text.trim(), MAX_CHARS.quote);
}
