import assert from 'node:assert/strict';
import { skipped, ok, toOutcome, warning, type Check } from '../../src/doctor/check.js';

const SUBJECT = { id: 'store', target: 'Airflow main' } as const;
const OK = ok(SUBJECT, 'responds');
const WARNING = warning(SUBJECT, 'is old');
const FAILED: Check = { ...OK, outcome: 'failed' };
const SKIPPED = skipped(SUBJECT, 'it is down');

describe('the outcome of doctor', () => {
  it('is that of the worst check; what was skipped does not count', () => {
    assert.equal(toOutcome([OK, SKIPPED]), 'ok');
    assert.equal(toOutcome([OK, WARNING, SKIPPED]), 'warning');
    assert.equal(toOutcome([FAILED, OK, WARNING]), 'failed');
    assert.equal(toOutcome([]), 'ok');
  });
});
