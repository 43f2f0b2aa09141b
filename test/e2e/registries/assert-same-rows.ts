// Compares lists whose order does not matter: concurrent steps finish in any order.
import assert from 'node:assert/strict';

/** @throws AssertionError unless both contain the same rows, equally often */
export function assertSameRows(
  actual: readonly unknown[],
  expected: readonly unknown[],
  message?: string,
): void {
  const sort = (rows: readonly unknown[]): unknown[] =>
    rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  assert.deepEqual(sort(actual), sort(expected), message);
}
