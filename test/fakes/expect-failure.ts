// Owns the check which failure of the catalogue a call ends with.
import assert from 'node:assert/strict';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';

/** Expects a RefreshFailure of this type and hands it out. */
export async function expectFailure(type: FailureType, call: Promise<unknown>): Promise<RefreshFailure> {
  const outcome = await call.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof RefreshFailure, `expected ${type}, but: ${String(outcome)}`);
  assert.equal(outcome.type, type);
  return outcome;
}
