// Warnings about what overrides connections of a store, so that a token written there has no effect. Never a failure, and
// never complete: a store shows little of it.
import type { AllowedStore } from '../activities/allowed-config.js';
import { withDeadline } from '../net/deadline.js';
import { warning, type Check } from './check.js';

/** Each may take a request; a pattern may match thousands. */
const MAX_COMPARED = 20;
const READ_LIMIT_MS = 5_000;
const FIND_LIMIT_MS = 10_000;

export async function checkOverrides(store: AllowedStore): Promise<Check[]> {
  const { name, title, connections } = store;
  if (!connections.findOverrides) return [];
  const candidates = await readCandidates(store);
  const { backends, hidden } = await connections.findOverrides(
    candidates,
    AbortSignal.timeout(FIND_LIMIT_MS),
  );
  const missing = new Set(candidates.filter(({ host }) => host === null).map(({ id }) => id));
  const label = `${title} ${name}`;
  return [
    ...backends.map((backend) =>
      warning(
        label,
        `has a secrets backend (${backend}): a connection that is also there overrides the one in the database, and a ` +
          `token written has no effect. ${title} does not show which connections it holds`,
        'Check that none of the configured connections is in that backend.',
      ),
    ),
    ...hidden.map((id) =>
      warning(
        `connection ${id} of ${name}`,
        missing.has(id)
          ? 'is not in the database, but in an environment variable or secrets backend of the API server, where no ' +
              'token can be written'
          : 'is overridden by an environment variable or secrets backend of the API server, with another host: a token ' +
              'written has no effect',
        'Remove it from the environment variable or secrets backend.',
      ),
    ),
  ];
}

interface Candidate {
  readonly id: string;
  /** Null when the store has no such connection. */
  readonly host: string | null;
}

/** The connections that are named by their ids; what cannot be read is left out, for other checks report it. */
async function readCandidates({ rules, connections }: AllowedStore): Promise<Candidate[]> {
  const ids = rules.named.slice(0, MAX_COMPARED);
  const found: Candidate[] = [];
  try {
    await withDeadline(READ_LIMIT_MS, undefined, async (signal) => {
      for (const id of ids) {
        const record = await connections.read(id, signal);
        // One without a host cannot be compared.
        if (record?.host !== null) found.push({ id, host: record?.host ?? null });
      }
    });
  } catch {
    // Too slow, or unreadable.
  }
  return [...found];
}
