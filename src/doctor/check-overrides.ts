// Warns about overridden connections of a store, where a new token has no effect. Never a failure, and never complete,
// because a store shows few of its overrides.
import type { AllowedStore } from '../activities/allowed-config.js';
import { withDeadline } from '../net/deadline.js';
import { warning, type Check } from './check.js';

/** Each comparison can take a request, and a pattern can match thousands of connections. */
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
  return [
    ...backends.map((backend) =>
      warning(
        { id: 'override', target: `${title} ${name}` },
        `uses a secrets backend (${backend}): a connection in that backend overrides the one in the database, and a ` +
          `new token has no effect. ${title} does not show which connections the backend contains`,
        'Check that none of the configured connections is in that backend.',
      ),
    ),
    ...hidden.map((id) =>
      warning(
        { id: 'override', target: `connection ${id} of ${name}` },
        missing.has(id)
          ? 'is not in the database but in an environment variable or secrets backend of the API server, where ' +
              'tokens cannot be written'
          : 'is overridden by an environment variable or secrets backend of the API server with another host: a new ' +
              'token has no effect',
        'Remove the connection from the environment variable or secrets backend.',
      ),
    ),
  ];
}

interface Candidate {
  readonly id: string;
  /** Null if the store does not have the connection. */
  readonly host: string | null;
}

/** The connections named by id. Those that cannot be read are omitted, because other checks report them. */
async function readCandidates({ rules, connections }: AllowedStore): Promise<Candidate[]> {
  const ids = rules.named.slice(0, MAX_COMPARED);
  const found: Candidate[] = [];
  try {
    await withDeadline(READ_LIMIT_MS, undefined, async (signal) => {
      for (const id of ids) {
        const record = await connections.read(id, signal);
        // A connection without a host cannot be compared.
        if (record?.host !== null) found.push({ id, host: record?.host ?? null });
      }
    });
  } catch {
    // The connections are read too slowly, or cannot be read.
  }
  return [...found];
}
