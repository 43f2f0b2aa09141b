// Owns the comparison of lists whose order says nothing: what runs side by side comes in any.
import assert from 'node:assert/strict';

/** @throws AssertionError unless both hold the same, as often */
export function assertSameRows(
  actual: readonly unknown[],
  expected: readonly unknown[],
  message?: string,
): void {
  const sort = (rows: readonly unknown[]): unknown[] =>
    rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  assert.deepEqual(sort(actual), sort(expected), message);
}
