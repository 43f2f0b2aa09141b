// Owns how the pages of an inspection become one part for each registry.
import type { WritableConnections } from './steps.js';

export function mergePages(parts: readonly WritableConnections[]): WritableConnections[] {
  const merged = new Map<string, { group: string; connections: Set<string> }>();
  for (const { registry, group, connections } of parts) {
    // A set, since a page of Airflow's list repeats what somebody's new connection has moved there.
    const known = merged.get(registry)?.connections ?? new Set<string>();
    for (const id of connections) known.add(id);
    merged.set(registry, { group, connections: known });
  }
  return [...merged].map(([registry, { group, connections }]) => ({
    registry,
    group,
    connections: [...connections],
  }));
}
