import assert from 'node:assert/strict';
import { ServiceError } from '@temporalio/client';
import { describeError } from '../../scripts/command-line.js';
import { explainLostRun } from '../../scripts/schedule.js';
import { toUnavailable } from '../../src/temporal/connection.js';

const SETTINGS = { connectionOptions: {}, address: 'temporal:7233', namespace: 'default' };

describe('schedule trigger --wait', () => {
  it('says that the run goes on, and how to see its end, when Temporal is lost on the way', () => {
    const lost = new ServiceError('lost', { cause: Object.assign(new Error('refused'), { code: 14 }) });
    const text = describeError(explainLostRun(toUnavailable(SETTINGS, lost)));
    assert.match(text, /^Temporal at temporal:7233, namespace default: no answer\./);
    assert.match(text, /\nThe run goes on .*`status`.*`schedule trigger --wait`/);
  });

  it('says nothing of the kind at any other error', () => {
    const other = new TypeError('a defect');
    assert.equal(explainLostRun(toUnavailable(SETTINGS, other)), other);
  });
});
