import assert from 'node:assert/strict';
import type { WorkflowInfo } from '@temporalio/workflow';
import { toRunLog } from '../../src/refresh/run-log.js';
import { createRunLogSinks } from '../../src/temporal/run-log.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { incompleteReport, refreshedReport } from '../golden/sample-reports.js';

const INFO = { workflowId: 'ecr-refresh-run', runId: 'run-1' } as WorkflowInfo;

describe('the log of a run', () => {
  let log: CapturedLog;

  beforeEach(() => {
    log = captureLog('info');
  });

  afterEach(() => log.close());

  it('has one info line with counts and the next expiry if everything was refreshed', async () => {
    await createRunLogSinks(log.logger).runLog.ended.fn(INFO, toRunLog(await refreshedReport()));
    assert.deepEqual(
      log.lines().map((line) => ({ ...line, time: '' })),
      [
        {
          level: 'info',
          time: '',
          workflowId: 'ecr-refresh-run',
          runId: 'run-1',
          refreshed: 1,
          failed: 0,
          nextExpiryAt: '2026-01-01T12:00:00.000Z',
          configHash: 'abc',
          msg: 'run succeeded',
        },
      ],
    );
  });

  it('has one error line with the reason if something failed', async () => {
    const report = await incompleteReport();
    await createRunLogSinks(log.logger).runLog.ended.fn(INFO, toRunLog(report));
    const [line, ...more] = log.lines();
    assert.deepEqual(more, []);
    assert.deepEqual([line?.['level'], line?.['msg']], ['error', 'run failed']);
    assert.match(String(line?.['reason']), /refreshed; failed: /);
    assert.ok(Number(line?.['failed']) > 0);
  });

  it('names the first of several expiry times, and none if no connection was ever refreshed', async () => {
    const report = await refreshedReport();
    const [row] = report.stores;
    assert.ok(row);
    const stores = ['2026-01-01T09:00:00.000Z', '2026-01-01T08:00:00.000Z', null].map((expiresAt) => ({
      ...row,
      expiresAt,
    }));
    assert.equal(toRunLog({ ...report, stores }).nextExpiryAt, '2026-01-01T08:00:00.000Z');
    assert.equal(toRunLog({ ...report, stores: [] }).nextExpiryAt, null);
  });
});
