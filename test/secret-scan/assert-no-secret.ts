// Owns the verdict of a scan: no secret in any place. Refuses to be content with a scan of nothing, and to repeat a
// secret in its message.
import { createSecretFinder, type InspectedConnection, type KnownSecret } from './find-secrets.js';
import type { Place, Places } from './places.js';

/** What was found, and how much was looked at. */
export interface Scan {
  readonly findings: readonly InspectedConnection[];
  /** Distinct names; a large file counts once. */
  readonly places: number;
  readonly bytes: number;
}

const MOST_TOLD = 100;

/** Stands for a name that holds a secret itself, such as a file's. */
const UNSAYABLE = '(a place with a secret in its name)';

/**
 * Fails when any of the secrets is in any of the places; answers how much was looked at.
 * @throws Error with the names of secrets, forms and places; also when there is nothing to look for, or some of
 * the places are none at all
 */
export async function assertNoSecretIn(
  secrets: readonly KnownSecret[],
  ...places: readonly Places[]
): Promise<{ places: number; bytes: number }> {
  const { findings, ...counts } = await findSecretsIn(secrets, ...places);
  if (findings.length === 0) return counts;
  const lines = findings.map(({ secret, form, place }) => `  ${secret}, ${form}, in ${place}`);
  const more = lines.length > MOST_TOLD ? [`  and ${lines.length - MOST_TOLD} more`] : [];
  throw new Error(['A secret is where it must not be:', ...lines.slice(0, MOST_TOLD), ...more].join('\n'));
}

/**
 * All findings, each once.
 * @throws Error when there is nothing to look for or to look at
 */
export async function findSecretsIn(
  secrets: readonly KnownSecret[],
  ...places: readonly Places[]
): Promise<Scan> {
  if (secrets.length === 0) throw new Error('There is no secret to look for: this scan proves nothing.');
  if (places.length === 0) throw new Error('There is no place to look at: this scan proves nothing.');
  const find = createSecretFinder(secrets);
  const findings = new Map<string, InspectedConnection>();
  const names = new Set<string>();
  let bytes = 0;
  for (const [number, source] of places.entries()) {
    let isEmpty = true;
    for await (const place of source) {
      isEmpty = false;
      names.add(place.place);
      bytes += place.bytes.length;
      for (const finding of findIn(find, place)) findings.set(JSON.stringify(finding), finding);
    }
    if (isEmpty)
      throw new Error(`Number ${number + 1} of the places is none at all: this scan proves nothing.`);
  }
  if (bytes === 0) throw new Error('All places are empty: this scan proves nothing.');
  return { findings: [...findings.values()], places: names.size, bytes };
}

function findIn(find: ReturnType<typeof createSecretFinder>, { place, bytes }: Place): InspectedConnection[] {
  const inName = find(UNSAYABLE, Buffer.from(place));
  return [...inName, ...find(inName.length > 0 ? UNSAYABLE : place, bytes)];
}
