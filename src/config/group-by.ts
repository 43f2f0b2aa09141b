/** Items grouped by key, in their order. Node 20 has no `Map.groupBy`. */
export function groupBy<T, K>(items: readonly T[], getKey: (item: T) => K): ReadonlyMap<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = getKey(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
