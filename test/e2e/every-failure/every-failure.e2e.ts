// Produces every failure of the catalogue with a real worker and the real commands against failing services. Each is
// reported with location, remedy and exit code, and Airflow is not changed.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { FAILURES, type FailureType } from '../../../src/refresh/failures.js';
import type { FailureReport, RefreshReport } from '../../../src/refresh/report.js';
import { labelRemedy } from '../../../scripts/format-checks.js';
import { LOG_LEVELS } from '../../../src/log/log-level.js';
import { AIRFLOW_FAULTS, CONNECTION_FAULTS } from './airflow-faults.js';
import { AWS_FAULTS } from './aws-faults.js';
import { CONFIGURED_FAULTS } from './configured-faults.js';
import { THROW_SECRETS, withDefect } from './defect.js';
import { DOCKER_FAULTS, REGISTRY_FAULTS } from './docker-faults.js';
import {
  CONNECTION,
  NEIGHBOR,
  ONE_ATTEMPT_MS,
  seedConnections,
  startFixture,
  type Fixture,
} from './fixture.js';
import { CRAFTED_INPUTS, startForgedCalls, STEPS, type ForgedCalls } from './forged-calls.js';
import type { WireFault } from './wire-fault.js';
import { waitFor } from '../wait-for.js';

const WIRE_FAULTS: readonly WireFault[] = [
  ...AWS_FAULTS,
  ...REGISTRY_FAULTS,
  ...AIRFLOW_FAULTS,
  ...CONNECTION_FAULTS,
  ...DOCKER_FAULTS,
];

describe('every failure of the catalogue', function () {
  this.timeout(300_000);
  let fixture: Fixture;
  const produced = new Set<FailureType>();

  before(async () => {
    fixture = await startFixture();
    await fixture.startWorker('main');
  });

  after(() => fixture?.stop());

  function resetFixture(): void {
    fixture.aws.setFault(undefined);
    fixture.registry.setFault(undefined);
    fixture.registry.setChallenge(undefined);
    fixture.airflow.setFault(undefined);
    fixture.engine.setFault(undefined);
    fixture.user.role = 'op';
    fixture.writeConfig();
    seedConnections(fixture);
  }

  /** Runs with the fault. Only the passwords that can be written despite the fault may change in Airflow. */
  async function withFault<T>(fault: WireFault, run: () => Promise<T>): Promise<T> {
    resetFixture();
    fault.arrange(fixture);
    const before = structuredClone(fixture.airflow.connections);
    const result = await run();
    const after = fixture.airflow.connections;
    const written = [...after].filter(([id, { password }]) => password !== before.get(id)?.password);
    assert.equal(written.length, fault.refreshed, `${written.length} connections were written`);
    for (const [, { password }] of written) assert.equal(fixture.aws.check(password ?? ''), 'valid');
    if (fault.type !== 'ConnectionRegistryChanged') {
      assert.deepEqual(withoutPasswords(after), withoutPasswords(before));
    }
    return result;
  }

  function checkReport(report: RefreshReport, fault: WireFault): FailureReport {
    assert.equal(report.outcome, 'incomplete');
    const [failure, ...others] = report.failures;
    assert.ok(failure);
    assert.deepEqual(others, [], 'one fault caused more than one failure');
    assert.deepEqual([failure.type, failure.stage], [fault.type, fault.stage]);
    assert.match(failure.message, fault.message);
    assert.ok(failure.remedy.length > 10, 'the failure has no remedy');
    const refreshed = report.stores.reduce((sum, row) => sum + row.refreshed, 0);
    assert.equal(refreshed, fault.refreshed);
    return failure;
  }

  for (const fault of WIRE_FAULTS) {
    it(`${fault.type}: ${fault.when}`, async () => {
      const report = await withFault(fault, () => fixture.run('main', fault.run));
      const { remedy } = checkReport(report, fault);
      produced.add(fault.type);

      const { retryForMs = ONE_ATTEMPT_MS } = fault.run ?? {};
      const args = ['refresh-once', '--retry-for', `${retryForMs / 1000}s`];
      const once = await withFault(fault, () => fixture.command(args));
      assert.equal(once.code, 1, once.stdout + once.stderr);
      assert.equal(once.stderr, '');
      // The messages may differ: this process has to log in, and the worker was already logged in.
      assert.match(once.stdout, new RegExp(`FAILED ${fault.stage} .*: ${fault.type}`));
      assert.match(once.stdout, fault.message);
      assert.ok(once.stdout.includes(`\n  ${labelRemedy(remedy)}`), once.stdout);
    });
  }

  for (const fault of CONFIGURED_FAULTS) {
    it(`${fault.type}: ${fault.when}`, async () => {
      try {
        const report = await withFault(fault, () => {
          fixture.writeConfig(fault.changes);
          return fixture.run('main', fault.run);
        });
        checkReport(report, fault);
        produced.add(fault.type);
      } finally {
        fixture.writeConfig();
        fixture.airflow.variables.clear();
        fixture.airflow.connections.clear();
      }
    });
  }

  it('ConfigInvalid: refresh.yaml is invalid after an edit', async () => {
    resetFixture();
    // A run reads the file, which makes it the last good configuration.
    await fixture.run('main');
    writeFileSync(fixture.configPath, 'version: 1\nairflows: nonsense\n');
    const report = await fixture.run('main').finally(() => fixture.writeConfig());
    assert.deepEqual(
      report.failures.map(({ stage, type }) => [stage, type]),
      [['plan', 'ConfigInvalid']],
    );
    assert.match(report.failures[0]?.message ?? '', /refresh\.yaml:2 airflows/);
    assert.equal(report.stores[0]?.refreshed, 2, 'the last good configuration was not used');
    produced.add('ConfigInvalid');
  });

  it('ConfigVersionMismatch: during a delayed run, the file is edited twice, with a run after each edit', async () => {
    resetFixture();
    let isHeld = false;
    fixture.airflow.setFault(({ path }) => {
      if (isHeld || !path.startsWith('/api/v2/')) return undefined;
      isHeld = true;
      return { delayMs: 4000 };
    });
    const held = fixture.run('main');
    await waitFor('the first run', () => isHeld);
    for (const connections of [[CONNECTION], [NEIGHBOR]]) {
      fixture.writeConfig({ connections });
      assert.equal((await fixture.run('main')).outcome, 'refreshed');
    }
    const report = await held.finally(() => fixture.writeConfig());
    const [failure] = report.failures;
    assert.deepEqual([failure?.stage, failure?.type], ['extract', 'ConfigVersionMismatch']);
    assert.equal(report.stores[0]?.refreshed, 0);
    produced.add('ConfigVersionMismatch');
  });

  it('AwsCredentialsMissing: the worker has no AWS credentials', async () => {
    resetFixture();
    const none = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const config = fixture.writeConfig({ taskQueue: 'without-aws' });
    const worker = await fixture.startWorker('without-aws', none, ['--config', config]);
    const report = await fixture.run('without-aws');
    await worker.stop();
    assert.deepEqual(
      report.failures.map(({ stage, type }) => [stage, type]),
      [['extract', 'AwsCredentialsMissing']],
    );
    produced.add('AwsCredentialsMissing');
  });

  it('AttemptTimedOut: the worker is killed during the only attempt that the run has time for', async () => {
    resetFixture();
    const config = fixture.writeConfig({ taskQueue: 'doomed' });
    const doomed = await fixture.startWorker('doomed', {}, ['--config', config]);
    let isHung = false;
    fixture.airflow.setFault(({ method }) =>
      method === 'PATCH' ? ((isHung = true), { hang: true }) : undefined,
    );
    const run = fixture.run('doomed');
    await waitFor('the write', () => isHung);
    process.kill(doomed.pid, 'SIGKILL');
    const replacement = await fixture.startWorker('replacement', {}, ['--config', config]);
    const report = await run;
    await replacement.stop();
    const [failure] = report.failures;
    assert.deepEqual([failure?.stage, failure?.type, failure?.count], ['update', 'AttemptTimedOut', 2]);
    produced.add('AttemptTimedOut');
  });

  it('Unexpected: a bug throws an error that contains the password', async () => {
    resetFixture();
    const config = fixture.writeConfig({ taskQueue: 'defective' });
    const env = withDefect(fixture, THROW_SECRETS);
    const worker = await fixture.startWorker('defective', env, ['--config', config, '--debug']);
    const report = await fixture.run('defective');
    await worker.stop();
    const [failure] = report.failures;
    assert.deepEqual([failure?.stage, failure?.type], ['extract', 'Unexpected']);
    assert.equal(failure?.message, 'extractToken: Unexpected Error; this is a bug.');
    assert.match(readFileSync(worker.logFile, 'utf8'), /token-cache/, 'the log shows no place');
    produced.add('Unexpected');
  });

  for (const { title, defect } of [
    { title: 'an error in a callback', defect: `setImmediate(() => { ${THROW_SECRETS} });` },
    { title: 'an unhandled rejection', defect: `void (async () => { ${THROW_SECRETS} })();` },
  ] as const) {
    it(`Unexpected: ${title} that contains the password ends the process with exit code 1`, async () => {
      resetFixture();
      const env = withDefect(fixture, defect);
      const { code, stdout, stderr } = await fixture.command(['refresh-once'], env);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^Unexpected Error; this is a bug\. Run the command with `--debug`[^\n]*\n$/);
      const debugged = await fixture.command(['refresh-once', '--debug'], env);
      assert.match(debugged.stderr, /^Unexpected Error; .*\nError\n +at .*defect\.mjs/);
    });
  }

  describe('InputNotAllowed', () => {
    let calls: ForgedCalls;

    before(async () => (calls = await startForgedCalls(fixture)));
    after(() => calls?.stop());

    for (const { title, craft, isMalformed = false } of CRAFTED_INPUTS) {
      it(`for ${title}`, async () => {
        resetFixture();
        const before = calls.traffic();
        const failure = await calls.byWorkflow(craft);
        assert.equal(failure.type, 'InputNotAllowed', failure.message ?? '');
        // An input that fails the schema would not test what the configuration allows.
        const isSchemaMessage = failure.message === 'The activity received an invalid input.';
        assert.equal(isSchemaMessage, isMalformed, failure.message ?? '');
        assert.deepEqual(calls.traffic(), before, 'a request was sent');
        produced.add('InputNotAllowed');
      });
    }

    for (const step of STEPS) {
      it(`for ${step} started without a workflow, even with a valid input`, async () => {
        resetFixture();
        const before = calls.traffic();
        assert.match(await calls.standalone(step), /was not started by a run of the workflow/);
        assert.deepEqual(calls.traffic(), before);
      });
    }
  });

  describe('after all failures', () => {
    it('produces failures at every log level, for the scan below', async () => {
      const levels = LOG_LEVELS.filter((level) => level !== 'trace');
      await Promise.all(
        levels.map(async (level) => {
          const args = ['--config', fixture.writeConfig({ taskQueue: level }), '--log-level', level];
          await fixture.startWorker(level, {}, args);
        }),
      );
      for (const type of ['AwsAccessDenied', 'StoreRequestRejected', 'DockerLoginRejected']) {
        resetFixture();
        WIRE_FAULTS.find((fault) => fault.type === type)?.arrange(fixture);
        for (const report of await Promise.all(levels.map((level) => fixture.run(level)))) {
          assert.deepEqual(
            report.failures.map((failure) => failure.type),
            [type],
          );
        }
      }
    });

    it('has produced every failure of the catalogue', () => {
      const all = Object.keys(FAILURES);
      assert.deepEqual(
        all.filter((type) => !produced.has(type as FailureType)),
        [],
      );
    });

    it('leaves no secret in Temporal, logs, outputs, metrics, process arguments or folders', async () => {
      resetFixture();
      for (const args of [
        ['schedule', 'apply'],
        ['schedule', 'trigger', '--wait'],
        ['schedule', 'describe'],
        ['status'],
        ['doctor'],
      ]) {
        for (const form of [[], ['--json']]) {
          const { code, stdout, stderr } = await fixture.command([...args, ...form]);
          assert.equal(code, 0, stdout + stderr);
        }
      }
      const { places, bytes } = await fixture.assertNoSecretOut();
      assert.ok(places > 100 && bytes > 1_000_000, `scanned ${places} places, ${bytes} bytes`);
    });
  });
});

function withoutPasswords(connections: Fixture['airflow']['connections']): unknown {
  return [...connections].map(([id, record]) => [id, { ...record, password: null }]);
}
