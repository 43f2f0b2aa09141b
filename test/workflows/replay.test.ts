import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON, historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { parseReport, REFRESH_INCOMPLETE } from '../../src/refresh/report.js';
import { createLogger } from '../../src/log/logger.js';
import { temporalLogger } from '../../src/temporal/worker/sdk-logger.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { AS_RECORDED, REORDERED } from './flow-variants.js';
import { scheduledActivities, useTestServer } from './test-server.js';
import { installQuietRuntime, workflowBundle } from './test-worker.js';

/** A folder for each release, with `current` for the code as it is. */
const RELEASES = new URL('../histories/', import.meta.url);
const HISTORIES = new URL('current/', RELEASES);
const FILES = readdirSync(HISTORIES).filter((file) => file.endsWith('.json'));
const CHANGED = /Nondeterminism error/;

function readText(file: string): string {
  return readFileSync(new URL(file, HISTORIES), 'utf8');
}

function recorded(kind: string): History[] {
  const files = FILES.filter((file) => file === `${kind}.json`);
  assert.ok(files.length > 0, `no recorded history: ${kind}`);
  return files.map((file) => historyFromJSON(JSON.parse(readText(file))));
}

function eventsOf({ events }: History) {
  return events ?? [];
}

function startedActivities(history: History) {
  return eventsOf(history).flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
}

function assertRefreshed(history: History): void {
  const last = eventsOf(history).at(-1)?.workflowExecutionCompletedEventAttributes;
  const [payload] = last?.result?.payloads ?? [];
  const report = payload && parseReport(defaultPayloadConverter.fromPayload(payload));
  assert.equal(report?.outcome, 'refreshed');
  assert.ok(report?.stores.every(({ refreshed }) => refreshed > 0));
}

describe('recorded histories', function () {
  this.timeout(60_000);
  before(() => installQuietRuntime());

  for (const path of readdirSync(RELEASES, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.json')) continue;
    it(`replay without a nondeterminism error: ${path}`, async () => {
      const options = { workflowBundle: await workflowBundle() };
      const history: unknown = JSON.parse(readFileSync(new URL(path, RELEASES), 'utf8'));
      await Worker.runReplayHistory(options, history, path);
    });
  }

  it('include a successful run', () => {
    for (const history of recorded('refreshed')) {
      assertRefreshed(history);
      assert.ok(startedActivities(history).every(({ attempt }) => attempt === 1));
    }
  });

  it('include a partial failure: one store not updated, one connection rejected, the rest refreshed', () => {
    for (const history of recorded('partial')) {
      const last = eventsOf(history).at(-1)?.workflowExecutionFailedEventAttributes?.failure;
      assert.equal(last?.applicationFailureInfo?.type, REFRESH_INCOMPLETE);
      const [payload] = last?.applicationFailureInfo?.details?.payloads ?? [];
      const report = payload && parseReport(defaultPayloadConverter.fromPayload(payload));
      assert.deepEqual(
        new Map(report?.stores.map(({ store, refreshed, failed }) => [store, [refreshed, failed]])),
        new Map([
          ['main', [1, 0]],
          ['broken', [0, 1]],
        ]),
      );
      assert.deepEqual(
        new Map(report?.failures.map(({ stage, store }) => [stage, store])),
        new Map([
          ['inspect', 'main'],
          ['update', 'broken'],
        ]),
      );
    }
  });

  it('include a successful run with retries of a step and of a single connection', () => {
    for (const history of recorded('retried')) {
      assertRefreshed(history);
      assert.ok(startedActivities(history).some(({ attempt }) => (attempt ?? 0) > 1));
      assert.equal(scheduledActivities(history, 'extractToken').length, 2);
      assert.equal(scheduledActivities(history, 'updateConnections').length, 2);
    }
  });

  it('include a run on two workers, each with activities and workflow tasks', () => {
    for (const history of recorded('two-workers')) {
      assertRefreshed(history);
      const started = startedActivities(history).map(({ identity }) => identity);
      assert.deepEqual([...new Set(started)], ['worker-1', 'worker-2']);
      const tasks = eventsOf(history).flatMap((event) => event.workflowTaskCompletedEventAttributes ?? []);
      assert.deepEqual([...new Set(tasks.map(({ identity }) => identity))], ['worker-1', 'worker-2']);
    }
  });

  it('include a run with named connections and a list of two pages, each with its own update', () => {
    const updates = recorded('many').map((history) => {
      assertRefreshed(history);
      return scheduledActivities(history, 'updateConnections').length;
    });
    assert.deepEqual(updates, [3]);
  });

  it('contain no host, process or folder of the machine that recorded them', () => {
    for (const file of FILES) {
      const history = historyFromJSON(JSON.parse(readText(file)));
      const identities = JSON.stringify(history).match(/"identity":"[^"]*"/g) ?? [];
      assert.deepEqual(
        identities.filter((identity) => !/"(recorder|worker-[12]|)"$/.test(identity)),
        [],
      );
      assert.doesNotMatch(
        readText(file),
        /\d@|node_modules|file:\/\/|\/(home|root|tmp|usr|opt|Users)\//,
        file,
      );
    }
  });
});

describe('replay', function () {
  this.timeout(60_000);
  const server = useTestServer();

  it('succeeds for a run that just ended, and fails if its activities are renamed', async () => {
    const { history, workflowId } = await server.run(fakeSteps());
    const json = historyToJSON(history);
    const options = { workflowBundle: await workflowBundle() };
    await Worker.runReplayHistory(options, JSON.parse(json), workflowId);
    const changed: unknown = JSON.parse(json.replaceAll('"inspectConnections"', '"extractToken"'));
    await assert.rejects(Worker.runReplayHistory(options, changed, workflowId), CHANGED);
  });

  it('fails for a recorded run if two steps of the flow are reordered', async () => {
    const flow = fileURLToPath(new URL('../../src/refresh/flow.ts', import.meta.url));
    const variants = fileURLToPath(new URL('flow-variants.ts', import.meta.url));
    const changed = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
      logger: temporalLogger(createLogger('silent')),
      webpackConfigHook(config) {
        const { alias } = config.resolve ?? {};
        assert.ok(!Array.isArray(alias));
        return { ...config, resolve: { ...config.resolve, alias: { ...alias, [flow]: variants } } };
      },
    });
    const options = { workflowBundle: changed };
    for (const history of recorded('refreshed')) {
      const json: unknown = JSON.parse(historyToJSON(history));
      await assert.rejects(Worker.runReplayHistory(options, json, REORDERED), CHANGED);
      // Control: the same flow in the recorded order replays without an error.
      await Worker.runReplayHistory(options, json, AS_RECORDED);
    }
  });
});
