/** The known key that is closest to a mistyped one; undefined when all differ by more than two typos. */
export function suggestKey(mistyped: string, known: readonly string[]): string | undefined {
  // A longer key is not a typo, and the cost of a comparison is the product of both lengths.
  if (mistyped.length > 40) return undefined;
  let best: { key: string; typos: number } | undefined;
  for (const key of known) {
    const typos = countTypos(mistyped.toLowerCase(), key.toLowerCase());
    if (typos <= Math.min(2, Math.floor(key.length / 2)) && (!best || typos < best.typos))
      best = { key, typos };
  }
  return best?.key;
}

/** Characters to insert, delete, replace or swap with their neighbor (optimal string alignment distance). */
function countTypos(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(rows, i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? at(rows, i - 2, j - 2) + 1
          : Infinity;
      row.push(Math.min(replaced, swapped, at(rows, i - 1, j) + 1, (row[j - 1] ?? Infinity) + 1));
    }
    rows.push(row);
  }
  return at(rows, from.length, to.length);
}

function at(rows: readonly (readonly number[])[], row: number, column: number): number {
  return rows[row]?.[column] ?? Infinity;
}
