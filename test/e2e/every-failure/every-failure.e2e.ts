// Every failure of the catalogue, produced as it happens: a real worker and the real commands over parts that go
// wrong. Each is told with place and remedy, by the designed exit code, and Airflow is as it was.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { FAILURES, type FailureType } from '../../../src/refresh/failures.js';
import type { FailureReport, RefreshReport } from '../../../src/refresh/report.js';
import { LOG_LEVELS } from '../../../src/log/log-level.js';
import { AIRFLOW_FAULTS, CONNECTION_FAULTS } from './airflow-faults.js';
import { AWS_FAULTS } from './aws-faults.js';
import { CONFIGURED_FAULTS } from './configured-faults.js';
import { THROW_SECRETS, withDefect } from './defect.js';
import { DOCKER_FAULTS, REGISTRY_FAULTS } from './docker-faults.js';
import {
  CONNECTION,
  NEIGHBOUR,
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

  function putRight(): void {
    fixture.aws.setFault(undefined);
    fixture.registry.setFault(undefined);
    fixture.registry.setChallenge(undefined);
    fixture.airflow.setFault(undefined);
    fixture.engine.setFault(undefined);
    fixture.user.role = 'op';
    fixture.writeConfig();
    seedConnections(fixture);
  }

  /** Runs with the fault; Airflow must be as it was, but for the passwords that the fault lets be written. */
  async function withFault<T>(fault: WireFault, run: () => Promise<T>): Promise<T> {
    putRight();
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
    assert.deepEqual(others, [], 'one fault is one failure');
    assert.deepEqual([failure.type, failure.stage], [fault.type, fault.stage]);
    assert.match(failure.message, fault.says);
    assert.ok(failure.remedy.length > 10, 'it says what to do');
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
      // Not the same words in any case: this process signs in anew, where the worker had done so.
      assert.match(once.stdout, new RegExp(`FAILED ${fault.stage} .*: ${fault.type}`));
      assert.match(once.stdout, fault.says);
      assert.ok(once.stdout.includes(`\n  What to do: ${remedy}`), once.stdout);
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

  it('ConfigInvalid: refresh.yaml was edited into nonsense', async () => {
    putRight();
    // The last good configuration is the one that a run has read.
    await fixture.run('main');
    writeFileSync(fixture.configPath, 'version: 1\nairflows: nonsense\n');
    const report = await fixture.run('main').finally(() => fixture.writeConfig());
    assert.deepEqual(
      report.failures.map(({ stage, type }) => [stage, type]),
      [['plan', 'ConfigInvalid']],
    );
    assert.match(report.failures[0]?.message ?? '', /refresh\.yaml:2 airflows/);
    assert.equal(report.stores[0]?.refreshed, 2, 'by the last good configuration');
    produced.add('ConfigInvalid');
  });

  it('ConfigVersionMismatch: the file was edited twice, and runs planned by it, while a run was held up', async () => {
    putRight();
    let isHeld = false;
    fixture.airflow.setFault(({ path }) => {
      if (isHeld || !path.startsWith('/api/v2/')) return undefined;
      isHeld = true;
      return { delayMs: 4000 };
    });
    const held = fixture.run('main');
    await waitFor('the first run', () => isHeld);
    for (const connections of [[CONNECTION], [NEIGHBOUR]]) {
      fixture.writeConfig({ connections });
      assert.equal((await fixture.run('main')).outcome, 'refreshed');
    }
    const report = await held.finally(() => fixture.writeConfig());
    const [failure] = report.failures;
    assert.deepEqual([failure?.stage, failure?.type], ['extract', 'ConfigVersionMismatch']);
    assert.equal(report.stores[0]?.refreshed, 0);
    produced.add('ConfigVersionMismatch');
  });

  it('AwsCredentialsMissing: the worker has none', async () => {
    putRight();
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

  it('AttemptTimedOut: the worker dies in mid-attempt, and there was time for one attempt only', async () => {
    putRight();
    const config = fixture.writeConfig({ taskQueue: 'doomed' });
    const doomed = await fixture.startWorker('doomed', {}, ['--config', config]);
    let isHung = false;
    fixture.airflow.setFault(({ method }) =>
      method === 'PATCH' ? ((isHung = true), { hang: true }) : undefined,
    );
    const run = fixture.run('doomed');
    await waitFor('the write', () => isHung);
    process.kill(doomed.pid, 'SIGKILL');
    const heir = await fixture.startWorker('heir', {}, ['--config', config]);
    const report = await run;
    await heir.stop();
    const [failure] = report.failures;
    assert.deepEqual([failure?.stage, failure?.type, failure?.count], ['update', 'AttemptTimedOut', 2]);
    produced.add('AttemptTimedOut');
  });

  it('Unexpected: a defect throws an error that quotes the password', async () => {
    putRight();
    const config = fixture.writeConfig({ taskQueue: 'defective' });
    const env = withDefect(fixture, THROW_SECRETS);
    const worker = await fixture.startWorker('defective', env, ['--config', config]);
    const report = await fixture.run('defective');
    await worker.stop();
    const [failure] = report.failures;
    assert.deepEqual([failure?.stage, failure?.type], ['extract', 'Unexpected']);
    assert.equal(failure?.message, 'Error in extractToken.');
    assert.match(readFileSync(worker.logFile, 'utf8'), /token-cache/, 'the log says where');
    produced.add('Unexpected');
  });

  for (const { title, defect } of [
    { title: 'an error in a callback', defect: `setImmediate(() => { ${THROW_SECRETS} });` },
    { title: 'a rejection that nobody awaits', defect: `void (async () => { ${THROW_SECRETS} })();` },
  ] as const) {
    it(`Unexpected: ${title}, that quotes the password, ends the process with 1`, async () => {
      putRight();
      const env = withDefect(fixture, defect);
      const { code, stdout, stderr } = await fixture.command(['refresh-once'], env);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^Unexpected Error; this is a defect\.\nat .*defect\.mjs/);
    });
  }

  describe('InputNotAllowed', () => {
    let calls: ForgedCalls;

    before(async () => (calls = await startForgedCalls(fixture)));
    after(() => calls?.stop());

    for (const { title, craft, hasWrongForm = false } of CRAFTED_INPUTS) {
      it(`for ${title}`, async () => {
        putRight();
        const before = calls.traffic();
        const failure = await calls.byWorkflow(craft);
        assert.equal(failure.type, 'InputNotAllowed', failure.message ?? '');
        // An input of an invalid form would not test what the configuration allows.
        const isAboutForm = failure.message === 'The activity was given something else than a run gives it.';
        assert.equal(isAboutForm, hasWrongForm, failure.message ?? '');
        assert.deepEqual(calls.traffic(), before, 'nobody was asked anything');
        produced.add('InputNotAllowed');
      });
    }

    for (const step of STEPS) {
      it(`for ${step}, started by no workflow, whatever its input`, async () => {
        putRight();
        const before = calls.traffic();
        assert.match(await calls.standalone(step), /was not started by a run of the workflow/);
        assert.deepEqual(calls.traffic(), before);
      });
    }
  });

  describe('in the end', () => {
    it('logs the same secrets at no level', async () => {
      const levels = LOG_LEVELS.filter((level) => level !== 'trace');
      await Promise.all(
        levels.map(async (level) => {
          const args = ['--config', fixture.writeConfig({ taskQueue: level }), '--log-level', level];
          await fixture.startWorker(level, {}, args);
        }),
      );
      for (const type of ['AwsAccessDenied', 'StoreRequestRejected', 'DockerLoginRejected']) {
        putRight();
        WIRE_FAULTS.find((fault) => fault.type === type)?.arrange(fixture);
        for (const report of await Promise.all(levels.map((level) => fixture.run(level)))) {
          assert.deepEqual(
            report.failures.map((failure) => failure.type),
            [type],
          );
        }
      }
    });

    it('leaves no failure of the catalogue out', () => {
      const all = Object.keys(FAILURES);
      assert.deepEqual(
        all.filter((type) => !produced.has(type as FailureType)),
        [],
      );
    });

    it('leaves no secret out of place: Temporal, logs, outputs, metrics, arguments, folders', async () => {
      putRight();
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
      assert.ok(places > 100 && bytes > 1_000_000, `looked at ${places} places, ${bytes} bytes`);
    });
  });
});

function withoutPasswords(connections: Fixture['airflow']['connections']): unknown {
  return [...connections].map(([id, record]) => [id, { ...record, password: null }]);
}
