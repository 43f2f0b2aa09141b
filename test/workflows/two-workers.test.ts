import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Context } from '@temporalio/activity';
import type { DockerEngine } from '../../src/verify/docker/port.js';
import type { ConfigSource } from '../../src/activities/allowed-config.js';
import { temporalActivities } from '../../src/activities/temporal-activities.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { WRONG_PASSWORD } from '../../src/refresh/token.js';
import { Secret } from '../../src/log/secret.js';
import {
  CONFIG_HASH,
  fakeActivities,
  FakeAirflow,
  FakeEngine,
  FakeIssuer,
  fakeSource,
  issuedToken,
} from '../fakes/fake-ports.js';
import { ENGINE, REGISTRY } from '../fakes/fake-steps.js';
import { hangingCall, type HangingCall } from '../fakes/hanging-call.js';
import { durationMs, endOf, RETRY_FOR_MS, scheduledActivities, useTestServer } from './test-server.js';

/** The real activities of one worker process, which has its own token cache and token. */
function stepsOf(worker: string, source: ConfigSource): RefreshSteps {
  const issuer = new FakeIssuer();
  issuer.answer = () => issuedToken(passwordOf(worker));
  return temporalActivities(fakeActivities(source, { issuer }));
}

function passwordOf(worker: string): string {
  return `password-of-${worker}`;
}

function fingerprintOf(worker: string): string {
  return new Secret(passwordOf(worker)).fingerprint();
}

/** An Airflow instance whose given method does not respond. */
function hangingAirflow(airflow: FakeAirflow, method: 'read' | 'write', call: HangingCall): FakeAirflow {
  return new Proxy(airflow, {
    get(target, key) {
      if (key === method) return (...args: unknown[]) => call.wait(args.at(-1) as AbortSignal);
      return (target[key as keyof FakeAirflow] as () => unknown).bind(target);
    },
  });
}

function hangingEngine(call: HangingCall): DockerEngine {
  return {
    readVersion: (signal) => call.wait(signal),
    login: (_registry, _password, signal) => call.wait(signal),
  };
}

describe('a run on two workers', function () {
  this.timeout(60_000);
  const server = useTestServer();

  /** Stops the first worker when it hangs, and then starts the second one. */
  async function runOver(first: RefreshSteps, hanging: HangingCall, second: RefreshSteps) {
    const taskQueue = randomUUID();
    const worker = await server.startWorker(taskQueue, first, 'worker-1');
    const handle = await server.start(taskQueue);
    await hanging.reached;
    await worker.stop();
    await server.startWorker(taskQueue, second, 'worker-2');
    return { handle, taskQueue };
  }

  describe('with different tokens', () => {
    it('warns that Docker was tested with a token other than the written one', async () => {
      const airflow = new FakeAirflow();
      const hanging = hangingCall();
      const engine = new FakeEngine();
      const { handle } = await runOver(
        stepsOf('a', fakeSource({ airflow, engine: hangingEngine(hanging) })),
        hanging,
        stepsOf('b', fakeSource({ airflow, engine })),
      );
      const { report } = await endOf(handle);
      assert.equal(report.outcome, 'refreshed');
      assert.equal(airflow.passwords.get('docker_default'), passwordOf('a'));
      assert.deepEqual(engine.signIns, [
        { registry: REGISTRY, password: passwordOf('b') },
        { registry: REGISTRY, password: WRONG_PASSWORD },
      ]);
      assert.deepEqual(
        [report.tokens.map((token) => token.fingerprint), report.stores[0]?.fingerprint],
        [[fingerprintOf('a')], fingerprintOf('a')],
      );
      assert.equal(report.docker[0]?.fingerprint, fingerprintOf('b'));
      assert.deepEqual(report.warnings, [
        `The login from ${ENGINE} to ${REGISTRY} was tested with another worker's token (${fingerprintOf('b')}), not ` +
          'the one that was written. No action needed.',
      ]);
    });

    it('reports both tokens if the written token is not the extracted one', async () => {
      const airflow = new FakeAirflow();
      const hanging = hangingCall();
      const { handle } = await runOver(
        stepsOf('a', fakeSource({ airflow: hangingAirflow(airflow, 'write', hanging) })),
        hanging,
        stepsOf('b', fakeSource({ airflow })),
      );
      const { report } = await endOf(handle);
      assert.equal(report.outcome, 'refreshed');
      assert.equal(airflow.passwords.get('docker_default'), passwordOf('b'));
      assert.deepEqual(
        report.tokens.map((token) => token.fingerprint),
        [fingerprintOf('a'), fingerprintOf('b')],
      );
      assert.equal(report.stores[0]?.fingerprint, fingerprintOf('b'));
      assert.equal(report.docker[0]?.fingerprint, fingerprintOf('b'));
      assert.deepEqual(report.warnings, []);
    });
  });

  describe('with different configurations', () => {
    /** Has only another configuration; records the requested hashes, and hangs after `limit` requests. */
    function otherConfiguration(limit = Infinity) {
      const requested: string[] = [];
      const hanging = hangingCall();
      const other = fakeSource();
      const steps = stepsOf('b', {
        reread: other.reread,
        byHash(hash) {
          requested.push(hash);
          return undefined;
        },
      });
      const inspectConnections: RefreshSteps['inspectConnections'] = async (input, how) => {
        if (requested.length >= limit) await hanging.wait(Context.current().cancellationSignal);
        return steps.inspectConnections(input, how);
      };
      return { steps: { ...steps, inspectConnections }, requested, hanging };
    }

    it('continues once a worker with the planned configuration starts', async () => {
      const airflow = new FakeAirflow();
      const hanging = hangingCall();
      const planner = fakeSource({ airflow: hangingAirflow(airflow, 'read', hanging) });
      const other = otherConfiguration(3);
      const taskQueue = randomUUID();
      const first = await server.startWorker(taskQueue, stepsOf('a', planner), 'worker-1');
      const handle = await server.start(taskQueue);
      await hanging.reached;
      await first.stop();
      const second = await server.startWorker(taskQueue, other.steps, 'worker-2');
      const ended = endOf(handle);
      await other.hanging.reached;
      await second.stop();
      await server.startWorker(taskQueue, stepsOf('c', fakeSource({ airflow })), 'worker-3');
      const { report, history } = await ended;
      assert.deepEqual(other.requested, [CONFIG_HASH, CONFIG_HASH, CONFIG_HASH]);
      assert.equal(report.outcome, 'refreshed');
      assert.equal(airflow.passwords.get('docker_default'), passwordOf('c'));
      assert.equal(scheduledActivities(history, 'planRefresh').length, 1);
      assert.equal(scheduledActivities(history, 'inspectConnections').length, 2);
      const started = (history.events ?? []).flatMap(
        ({ activityTaskStartedEventAttributes: event }) => event ?? [],
      );
      // A stopped first attempt, then three mismatches and another stopped attempt: back-offs of 5, 10, 20, 40 and 80
      // s.
      const inspection = started.find(({ attempt }) => (attempt ?? 0) > 1);
      assert.deepEqual([inspection?.attempt, inspection?.identity], [5, 'worker-3']);
      const tookMs = durationMs(report);
      assert.ok(tookMs >= 155_000 && tookMs < 300_000, `refreshed after ${tookMs} ms`);
    });

    it('reports the mismatch if no such worker starts', async () => {
      const hanging = hangingCall();
      const planner = fakeSource({
        airflow: hangingAirflow(new FakeAirflow(), 'read', hanging),
      });
      const other = otherConfiguration();
      const { handle } = await runOver(stepsOf('a', planner), hanging, other.steps);
      const { report } = await endOf(handle);
      assert.deepEqual(
        report.failures.map(({ stage, store, type, message }) => [stage, store, type, message]),
        [
          [
            'inspect',
            'main',
            'ConfigVersionMismatch',
            `The worker on ${hostname()} has not loaded configuration ${CONFIG_HASH}: its file differs, or it ` +
              'belongs to another deployment that uses the same task queue.',
          ],
        ],
      );
      assert.match(report.failures[0]?.remedy ?? '', /every worker on the task queue the same configuration/);
      assert.ok(other.requested.length > 10, `tried ${other.requested.length} times`);
      assert.ok(durationMs(report) > RETRY_FOR_MS - 600_000 && durationMs(report) <= RETRY_FOR_MS);
    });
  });
});
