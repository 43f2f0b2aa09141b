import assert from 'node:assert/strict';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';

/** Expects a call to fail with a RefreshFailure of this type, and returns it. */
export async function expectFailure(type: FailureType, call: Promise<unknown>): Promise<RefreshFailure> {
  const outcome = await call.then(
    () => 'the call succeeded',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof RefreshFailure, `expected ${type}, got: ${String(outcome)}`);
  assert.equal(outcome.type, type);
  return outcome;
}
