// What a header may contain, and which headers are probably secret: for requests to Airflow and to Temporal.

/** Names of headers that probably contain a secret. */
const SECRET_NAME = /auth|key|token|secret|password|cookie|credential|signature/i;

export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** What is unusual in a value, without showing it: `ends with a line break`. */
export function listUnusual(value: string, mustBeAscii = false): string[] {
  const inner = value.trim();
  return [
    /^\s/.test(value) && 'begins with whitespace',
    /[\r\n]$/.test(value) ? 'ends with a line break' : /\s$/.test(value) && 'ends with whitespace',
    /[\r\n]/.test(inner) ? 'contains a line break' : /\p{Cc}/u.test(inner) && 'contains a control character',
    mustBeAscii && /[^\0-\x9f]/.test(inner) && 'contains a character that is not ASCII',
  ].filter((text) => text !== false);
}
