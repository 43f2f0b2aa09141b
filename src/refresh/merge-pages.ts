// Owns how the pages of an inspection become one part for each registry and token group.
import type { WritableConnections } from './activity-types.js';

export function mergePages(parts: readonly WritableConnections[]): WritableConnections[] {
  const merged = new Map<string, { registry: string; group: string; connections: Set<string> }>();
  for (const { registry, group, connections } of parts) {
    const key = JSON.stringify([registry, group]);
    // A set, since a page of Airflow's list repeats what somebody's new connection has moved there.
    const known = merged.get(key)?.connections ?? new Set<string>();
    for (const id of connections) known.add(id);
    merged.set(key, { registry, group, connections: known });
  }
  return [...merged.values()].map(({ registry, group, connections }) => ({
    registry,
    group,
    connections: [...connections],
  }));
}
