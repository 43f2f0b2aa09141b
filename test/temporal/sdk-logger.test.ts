import assert from 'node:assert/strict';
import { ApplicationFailure } from '@temporalio/common';
import { temporalLogger } from '../../src/temporal/sdk-logger.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

describe('temporalLogger', () => {
  let log: CapturedLog;

  beforeEach(() => {
    log = captureLog();
  });

  afterEach(() => log.close());

  it("writes the SDK's levels, its info lines as debug", () => {
    const sdk = temporalLogger(log.logger);
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) sdk[level](`by name ${level}`);
    for (const level of ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const)
      sdk.log(level, `by level ${level}`);
    assert.deepEqual(
      log.lines().map(({ level }) => level),
      ['trace', 'debug', 'debug', 'warn', 'error', 'trace', 'debug', 'debug', 'warn', 'error'],
    );
  });

  it('keeps the fields by which a run is found, and drops the others', () => {
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

  it('shows type and message of a failure that passed the interceptor, not its details', () => {
    const error = ApplicationFailure.create({
      type: 'StoreUnreachable',
      message: 'Airflow main: refused.',
      details: [SECRET],
      cause: new Error(SECRET),
    });
    temporalLogger(log.logger).warn('Activity failed', { error });
    const [line] = log.lines();
    assert.deepEqual([line?.['failure'], line?.['reason']], ['StoreUnreachable', 'Airflow main: refused.']);
    assert.ok(!log.text().includes(SECRET), log.text());
  });

  it("shows the message of what a workflow throws, which holds no secret, and the texts of the SDK's core", () => {
    const sdk = temporalLogger(log.logger);
    sdk.warn('Workflow task failed', { workflowId: 'ecr-refresh-run', error: new Error('nondeterminism') });
    sdk.warn('poll failed', { sdkComponent: 'core', error: 'connection refused' });
    assert.deepEqual(
      log.lines().map(({ reason }) => reason),
      ['nondeterminism', 'connection refused'],
    );
  });

  it('shows no message of what an activity throws, though it runs for a workflow', () => {
    const meta = { workflowId: 'ecr-refresh-run', activityId: 'planRefresh', error: new Error(SECRET) };
    temporalLogger(log.logger).warn('Activity failed', meta);
    assert.ok(!log.text().includes(SECRET), log.text());
  });

  describe('with somebody who hears of calls without answer', () => {
    const REFUSED = 'Status { code: Unavailable, message: "tcp connect error", source: None }';
    const RETRIED = 'gRPC call poll_workflow_task_queue retried 17 times';
    let heard: string[];

    /** The line of the core, and the level at which it is written then. */
    function levelOf(message: string, error: unknown, sdkComponent = 'core'): unknown {
      const sdk = temporalLogger(log.logger, (reason) => heard.push(reason));
      sdk.log('ERROR', message, { sdkComponent, workflowId: 'ecr-refresh-run', error });
      return log.lines().at(-1)?.['level'];
    }

    beforeEach(() => {
      heard = [];
    });

    for (const reason of [
      REFUSED,
      'Status { code: Cancelled, message: "Timeout expired", source: None }',
      'Status { code: DeadlineExceeded, message: "", source: None }',
      'Status { code: Unknown, message: "", source: Some(tonic::transport::Error(Transport, x)) }',
    ]) {
      it(`tells them, and makes a debug line of the SDK's own: ${reason}`, () => {
        assert.equal(levelOf(RETRIED, reason), 'debug');
        assert.deepEqual(heard, [reason]);
      });
    }

    for (const { title, message, error, component } of [
      {
        title: 'an answer that is no',
        message: RETRIED,
        error: 'Status { code: ResourceExhausted, message: "Unavailable" }',
      },
      { title: 'a lost result', message: 'Network error while completing activity', error: REFUSED },
      { title: 'a line that quotes such a one', message: `Workflow says: ${RETRIED}`, error: REFUSED },
      { title: 'a line of a workflow', message: RETRIED, error: new Error(REFUSED), component: 'workflow' },
    ] as const) {
      it(`leaves ${title} as it is`, () => {
        assert.equal(levelOf(message, error, component), 'error');
        assert.deepEqual(heard, []);
      });
    }

    it("tells them of the worker's heartbeat without answer, which shows a server that hangs", () => {
      assert.equal(levelOf('Network error while sending worker heartbeat', REFUSED), 'debug');
      assert.deepEqual(heard, [REFUSED]);
    });

    it('leaves all as it is when nobody hears', () => {
      temporalLogger(log.logger).warn(RETRIED, { sdkComponent: 'core', error: REFUSED });
      assert.equal(log.lines()[0]?.['level'], 'warn');
    });
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    // Only Temporal's own failures have this name: they have passed the interceptor.
    if (what === 'an object that says it is a Temporal failure') continue;
    it(`shows nothing secret of ${what}, and does not throw`, () => {
      temporalLogger(log.logger).error('Workflow task failed', { error: make() });
      assert.equal(log.lines()[0]?.['msg'], 'Workflow task failed');
      assert.ok(!log.text().includes(SECRET), log.text());
    });
  }
});
