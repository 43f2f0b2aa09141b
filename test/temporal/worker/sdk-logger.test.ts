import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import type { LogMetadata } from '@temporalio/worker';
import { STORE_REMEDIES } from '../../../src/refresh/remedies/store.js';
import type { FailedCall } from '../../../src/temporal/worker/health.js';
import { temporalLogger } from '../../../src/temporal/worker/sdk-logger.js';
import { captureLog, type CapturedLog } from '../../fakes/captured-log.js';
import { HOSTILE_ERRORS, SECRET } from '../../fakes/hostile-errors.js';

describe('temporalLogger', () => {
  let log: CapturedLog;

  beforeEach(() => {
    log = captureLog();
  });

  afterEach(() => log.close());

  it("keeps the SDK's levels, except for info lines, which become debug lines", () => {
    const sdk = temporalLogger(log.logger);
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) sdk[level](`by name ${level}`);
    for (const level of ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const)
      sdk.log(level, `by level ${level}`);
    assert.deepEqual(
      log.lines().map(({ level }) => level),
      ['trace', 'debug', 'debug', 'warn', 'error', 'trace', 'debug', 'debug', 'warn', 'error'],
    );
  });

  it('keeps the fields that identify a run, and drops the others', () => {
    temporalLogger(log.logger).warn('Activity failed', {
      activityId: 'extractToken: default/us-east-1',
      activityType: 'extractToken',
      attempt: 2,
      workflowId: 'ecr-refresh-run',
      runId: 'run-7',
      taskQueue: 'ecr-refresh',
      taskToken: SECRET,
      input: { password: SECRET },
    });
    const [line] = log.lines();
    assert.deepEqual(
      [line?.['activityId'], line?.['attempt'], line?.['runId'], line?.['taskToken'], line?.['input']],
      ['extractToken: default/us-east-1', 2, 'run-7', undefined, undefined],
    );
    assert.ok(!log.text().includes(SECRET));
  });

  it('logs type, message and fix of a failure from the interceptor, but not its other details', () => {
    const error = ApplicationFailure.create({
      type: 'StoreUnreachable',
      message: 'Airflow main: refused.',
      details: [{ remedy: STORE_REMEDIES.checkRedirect, scope: 'store', secret: SECRET }, SECRET],
      cause: new Error(SECRET),
    });
    temporalLogger(log.logger).warn('Activity failed', { error });
    const [line] = log.lines();
    assert.deepEqual(
      [line?.['failure'], line?.['reason'], line?.['remedy']],
      ['StoreUnreachable', 'Airflow main: refused.', STORE_REMEDIES.checkRedirect],
    );
    assert.ok(!log.text().includes(SECRET), log.text());
  });

  it('logs the message of a workflow error, which contains no secret, and texts of the SDK core', () => {
    const sdk = temporalLogger(log.logger);
    sdk.warn('Workflow task failed', { workflowId: 'ecr-refresh-run', error: new Error('nondeterminism') });
    sdk.warn('poll failed', { sdkComponent: 'core', error: 'connection refused' });
    assert.deepEqual(
      log.lines().map(({ reason }) => reason),
      ['nondeterminism', 'connection refused'],
    );
  });

  it('does not log the message of an activity error', () => {
    const meta = { workflowId: 'ecr-refresh-run', activityId: 'planRefresh', error: new Error(SECRET) };
    temporalLogger(log.logger).warn('Activity failed', meta);
    assert.ok(!log.text().includes(SECRET), log.text());
  });

  describe('with a listener for failed calls', () => {
    const REFUSED = 'Status { code: Unavailable, message: "tcp connect error", source: None }';
    const RETRIED = 'gRPC call poll_workflow_task_queue retried 17 times';
    let reported: FailedCall[];

    /** Logs a line of the core, and returns its level. */
    function logLine(message: string, error: unknown, sdkComponent = 'core'): unknown {
      const sdk = temporalLogger(log.logger, { onFailedCall: (call) => reported.push(call) });
      sdk.log('ERROR', message, { sdkComponent, workflowId: 'ecr-refresh-run', error });
      return log.lines().at(-1)?.['level'];
    }

    beforeEach(() => {
      reported = [];
    });

    for (const reason of [
      REFUSED,
      'Status { code: Cancelled, message: "Timeout expired", source: None }',
      'Status { code: DeadlineExceeded, message: "", source: None }',
      'Status { code: Unknown, message: "", source: Some(tonic::transport::Error(Transport, x)) }',
    ]) {
      it(`reports the call and logs it at debug level: ${reason}`, () => {
        assert.equal(logLine(RETRIED, reason), 'debug');
        assert.deepEqual(reported, [{ isPoll: true, reason }]);
      });
    }

    for (const { title, message, error, component } of [
      {
        title: 'an error response',
        message: 'gRPC call describe_namespace retried 5 times',
        error: 'Status { code: ResourceExhausted, message: "Unavailable" }',
      },
      { title: 'a lost result', message: 'Network error while completing activity', error: REFUSED },
      { title: 'a line that quotes a failed call', message: `Workflow logs: ${RETRIED}`, error: REFUSED },
      { title: 'a line of a workflow', message: RETRIED, error: new Error(REFUSED), component: 'workflow' },
    ] as const) {
      it(`does not change the level of ${title}`, () => {
        assert.equal(logLine(message, error, component), 'error');
        assert.deepEqual(reported, []);
      });
    }

    it('reports a failed poll whatever the server answers, as one of about twenty pollers', () => {
      const reason = 'Status { code: Internal, message: "broken" }';
      assert.equal(logLine(RETRIED, reason), 'debug');
      assert.deepEqual(reported, [{ isPoll: true, reason }]);
    });

    it('removes secrets from the texts of the core', () => {
      const removeSecrets = (text: string): string => text.replaceAll('canary', '[secret]');
      const sdk = temporalLogger(log.logger, { removeSecrets });
      sdk.warn('failed: canary', { sdkComponent: 'core', error: 'Status { message: "Bearer canary" }' });
      assert.doesNotMatch(log.text(), /canary/);
      assert.equal(log.lines()[0]?.['reason'], 'Status { message: "Bearer [secret]" }');
    });

    it('reports a worker heartbeat without a response, which indicates a server that hangs', () => {
      assert.equal(logLine('Network error while sending worker heartbeat', REFUSED), 'debug');
      assert.deepEqual(reported, [{ isPoll: false, reason: REFUSED }]);
    });

    it('does not change the level without a listener', () => {
      temporalLogger(log.logger).warn(RETRIED, { sdkComponent: 'core', error: REFUSED });
      assert.equal(log.lines()[0]?.['level'], 'warn');
    });
  });

  describe('with a listener for the end of the worker', () => {
    const fatal = new Error('refused');

    function logError(meta: LogMetadata): unknown[] {
      const errors: unknown[] = [];
      temporalLogger(log.logger, { onWorkerError: (error) => errors.push(error) }).error('x', meta);
      return [...errors, log.lines()[0]?.['level']];
    }

    it('reports the error of the worker, and logs its line at debug level', () => {
      assert.deepEqual(logError({ sdkComponent: 'worker', error: fatal }), [fatal, 'debug']);
    });

    it("logs the core's lines about a refused poll at debug level", () => {
      for (const message of [
        'Error while polling for workflow tasks',
        'Workflow processing encountered fatal error and must shut down TonicError(Status { … })',
      ]) {
        const sdk = temporalLogger(log.logger, { onWorkerError: () => {} });
        sdk.error(message, { sdkComponent: 'core' });
        sdk.error(message, { sdkComponent: 'worker', workflowId: 'w' });
      }
      assert.deepEqual(
        log.lines().map(({ level }) => level),
        ['debug', 'error', 'debug', 'error'],
      );
    });

    it('does not report an error of a workflow or an activity', () => {
      for (const ids of [{ workflowId: 'w' }, { activityId: 'a' }, { sdkComponent: 'core' }]) {
        const meta = { sdkComponent: 'worker', error: fatal, ...ids };
        assert.deepEqual(logError(meta), ['error']);
        log.close();
        log = captureLog('trace');
      }
    });
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    // Only Temporal's failures have this name, and they come from the interceptor.
    if (what === 'an object that looks like a Temporal failure') continue;
    it(`logs no secret of ${what}, and does not throw`, () => {
      temporalLogger(log.logger).error('Workflow task failed', { error: make() });
      assert.equal(log.lines()[0]?.['msg'], 'Workflow task failed');
      assert.ok(!log.text().includes(SECRET), log.text());
    });
  }
});
