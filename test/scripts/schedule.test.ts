import assert from 'node:assert/strict';
import { Metadata } from '@grpc/grpc-js';
import { ServiceError } from '@temporalio/client';
import { describeError } from '../../scripts/command-line.js';
import { explainLostRun } from '../../scripts/schedule-trigger.js';
import { toUnavailable } from '../../src/temporal/connection.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';

const SETTINGS = plainSettings('127.0.0.1:1', 'default');

describe('schedule trigger --wait', () => {
  it('explains that the run continues, and how to see its result, if the connection to Temporal is lost', async () => {
    const cause = Object.assign(new Error('lost'), { code: 14, details: '', metadata: new Metadata() });
    const lost = await toUnavailable(SETTINGS, new ServiceError('lost', { cause }));
    const text = describeError(explainLostRun(lost));
    assert.match(text, /^Temporal at 127\.0\.0\.1:1, namespace default: connection refused\./);
    assert.match(text, / The run continues .*`status`.*`schedule trigger --wait`/);
  });

  it('does not change other errors', async () => {
    const other = new TypeError('a bug');
    assert.equal(explainLostRun(await toUnavailable(SETTINGS, other)), other);
  });
});
