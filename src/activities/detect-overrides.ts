// Owns the warnings about what hides connections of Airflow's database from its tasks: a token that is written there
// has no effect. Refuses to make a failure of it: Airflow tells too little for that.
import type { ConnectionStore, OverrideCandidate } from './ports.js';

/** Warnings for an Airflow, and for those of the connections that are hidden. Never throws but the reason of an abort. */
export async function detectOverrides(
  api: ConnectionStore,
  airflow: string,
  connections: readonly OverrideCandidate[],
  signal: AbortSignal,
): Promise<string[]> {
  const { backends, hidden } = await api.findOverrides(connections, signal);
  const missing = new Set(connections.filter(({ host }) => host === null).map(({ id }) => id));
  return [
    ...backends.map(
      (name) =>
        `Airflow ${airflow} has a secrets backend (${name}). A connection that is there too hides that of the ` +
        'database, and a token written has no effect. Airflow does not tell which those are.',
    ),
    ...hidden.map((id) =>
      missing.has(id)
        ? `Connection ${id} of ${airflow}: not in the database, but in an environment variable or secrets backend ` +
          'of the API server, where no token can be written.'
        : `Connection ${id} of ${airflow}: an environment variable or secrets backend of the API server hides it ` +
          '(the host there is another): a token written has no effect. Remove it there.',
    ),
  ];
}
