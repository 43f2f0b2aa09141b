import assert from 'node:assert/strict';
import { ServiceError } from '@temporalio/client';
import { describeError } from '../../scripts/command-line.js';
import { explainLostRun } from '../../scripts/schedule-trigger.js';
import { toUnavailable } from '../../src/temporal/connection.js';

const SETTINGS = { connectionOptions: {}, address: 'temporal:7233', namespace: 'default' };

describe('schedule trigger --wait', () => {
  it('explains that the run continues, and how to see its result, if the connection to Temporal is lost', () => {
    const lost = new ServiceError('lost', { cause: Object.assign(new Error('refused'), { code: 14 }) });
    const text = describeError(explainLostRun(toUnavailable(SETTINGS, lost)));
    assert.match(text, /^Temporal at temporal:7233, namespace default: could not be reached\./);
    assert.match(text, /\nThe run continues .*`status`.*`schedule trigger --wait`/);
  });

  it('does not change other errors', () => {
    const other = new TypeError('a bug');
    assert.equal(explainLostRun(toUnavailable(SETTINGS, other)), other);
  });
});
