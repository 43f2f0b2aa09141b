// Searches bytes for secrets in any form, whole or in part. A finding has names only, never the secret. Secrets in
// compressed or encrypted bytes are not found.
import { createSearch } from './block-index.js';
import { fold, buildNeedles, type KnownSecret } from './forms.js';

export type { KnownSecret } from './forms.js';

export interface SecretFinding {
  readonly secret: string;
  /** Example: `base64 of hex`. */
  readonly form: string;
  readonly place: string;
}

/** Finds every secret in every form in the bytes, each once. Preparing 200 long secrets takes about a second. */
export function createSecretFinder(
  secrets: readonly KnownSecret[],
): (place: string, bytes: Buffer) => SecretFinding[] {
  const needles = secrets.flatMap(buildNeedles);
  const search = createSearch(needles);
  return (place, bytes) => {
    const found = new Map<string, SecretFinding>();
    for (const match of search(fold(bytes))) {
      const needle = needles[match.text];
      if (needle === undefined) continue;
      const { secret, form } = needle;
      found.set(JSON.stringify([secret, form]), { secret, form, place });
    }
    return [...found.values()];
  };
}
