// Texts of the server, of a proxy, or of the SDK about them, before they are shown.
import type { TemporalSettings } from './settings/settings.js';

/** The values that authenticate to Temporal, or to the proxy in front of it. */
export function listSecrets({ apiKey, metadata, proxy }: TemporalSettings): string[] {
  const values = [apiKey, ...Object.values(metadata), proxy?.credentials?.password];
  return values.filter((value) => value !== undefined && value !== '') as string[];
}

/** For a text from outside: a server or proxy might return the headers of the request. */
export function removeSecrets(text: string, secrets: Iterable<string>): string {
  let safe = text;
  for (const secret of secrets) safe = safe.replaceAll(secret, '[secret]');
  return safe;
}

const MAX_TEXT_CHARS = 200;

/** A text from outside in one line of limited length. */
export function toLine(text: string): string {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  return line.length > MAX_TEXT_CHARS ? `${line.slice(0, MAX_TEXT_CHARS - 1)}…` : line;
}
