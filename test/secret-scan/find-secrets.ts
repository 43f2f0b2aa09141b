// Owns the question whether bytes hold a secret, in any form, whole or in part. Refuses to tell the secret: a
// finding is made of names. Compressed and encrypted bytes it cannot see into.
import { createSearch } from './block-index.js';
import { fold, needlesOf, type KnownSecret } from './forms.js';

export type { KnownSecret } from './forms.js';

/** That a secret was found. */
export interface InspectedConnection {
  readonly secret: string;
  /** Such as `base64 of hex`. */
  readonly form: string;
  readonly place: string;
}

/** Every secret in every form in these bytes, once each. Preparing 200 long secrets takes about a second. */
export function createSecretFinder(
  secrets: readonly KnownSecret[],
): (place: string, bytes: Buffer) => InspectedConnection[] {
  const needles = secrets.flatMap(needlesOf);
  const search = createSearch(needles);
  return (place, bytes) => {
    const found = new Map<string, InspectedConnection>();
    for (const match of search(fold(bytes))) {
      const needle = needles[match.text];
      if (needle === undefined) continue;
      const { secret, form } = needle;
      found.set(JSON.stringify([secret, form]), { secret, form, place });
    }
    return [...found.values()];
  };
}
