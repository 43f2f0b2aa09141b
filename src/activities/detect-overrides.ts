// Warnings about what overrides connections of a store: a token that is written there has no effect. Never a failure:
// Airflow shows too little for that.
import type { OverrideCandidate } from '../stores/port.js';
import type { AllowedStore } from './allowed-config.js';

/** Warnings for a store, and for those of its connections that are overridden. Throws only the reason of an abort. */
export async function detectOverrides(
  { name: store, title, connections }: AllowedStore,
  candidates: readonly OverrideCandidate[],
  signal: AbortSignal,
): Promise<string[]> {
  if (!connections.findOverrides) return [];
  const { backends, hidden } = await connections.findOverrides(candidates, signal);
  const missing = new Set(candidates.filter(({ host }) => host === null).map(({ id }) => id));
  return [
    ...backends.map(
      (name) =>
        `${title} ${store} has a secrets backend (${name}). A connection that is there too hides that of the ` +
        `database, and a token written has no effect. ${title} does not tell which those are.`,
    ),
    ...hidden.map((id) =>
      missing.has(id)
        ? `Connection ${id} of ${store}: not in the database, but in an environment variable or secrets backend ` +
          'of the API server, where no token can be written.'
        : `Connection ${id} of ${store}: an environment variable or secrets backend of the API server hides it ` +
          '(the host there is another): a token written has no effect. Remove it there.',
    ),
  ];
}
