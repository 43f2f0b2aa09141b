// Fails a test when a scanned place has a secret. A scan of nothing fails, too. No message contains a secret.
import { createSecretFinder, type SecretFinding, type KnownSecret } from './find-secrets.js';
import type { Place, Places } from './places.js';

/** What was found, and how much was scanned. */
export interface Scan {
  readonly findings: readonly SecretFinding[];
  /** Distinct names; a large file counts once. */
  readonly places: number;
  readonly bytes: number;
}

const MAX_REPORTED = 100;

/** Replaces the name of a place that contains a secret, such as a file name. */
const REDACTED_PLACE = '(a place with a secret in its name)';

/**
 * Fails when any of the secrets is in any of the places; returns how much was scanned.
 * @throws Error with the names of secrets, forms and places; also when there is nothing to search for, or one of
 * the sources has no place
 */
export async function assertNoSecretIn(
  secrets: readonly KnownSecret[],
  ...places: readonly Places[]
): Promise<{ places: number; bytes: number }> {
  const { findings, ...counts } = await findSecretsIn(secrets, ...places);
  if (findings.length === 0) return counts;
  const lines = findings.map(({ secret, form, place }) => `  ${secret}, ${form}, in ${place}`);
  const more = lines.length > MAX_REPORTED ? [`  and ${lines.length - MAX_REPORTED} more`] : [];
  throw new Error(['Secrets were found:', ...lines.slice(0, MAX_REPORTED), ...more].join('\n'));
}

/**
 * Returns all findings, each once.
 * @throws Error when there is nothing to search for or to scan
 */
export async function findSecretsIn(
  secrets: readonly KnownSecret[],
  ...places: readonly Places[]
): Promise<Scan> {
  if (secrets.length === 0) throw new Error('There is no secret to search for: this scan proves nothing.');
  if (places.length === 0) throw new Error('There is no place to scan: this scan proves nothing.');
  const find = createSecretFinder(secrets);
  const findings = new Map<string, SecretFinding>();
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
    if (isEmpty) throw new Error(`Source ${number + 1} has no places: this scan proves nothing.`);
  }
  if (bytes === 0) throw new Error('All places are empty: this scan proves nothing.');
  return { findings: [...findings.values()], places: names.size, bytes };
}

function findIn(find: ReturnType<typeof createSecretFinder>, { place, bytes }: Place): SecretFinding[] {
  const inName = find(REDACTED_PLACE, Buffer.from(place));
  return [...inName, ...find(inName.length > 0 ? REDACTED_PLACE : place, bytes)];
}
