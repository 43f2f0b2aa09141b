// Plants a secret in every place that the scan covers, on a real Temporal server: unless the scan finds these, a scan
// without findings proves nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { heartbeat } from '@temporalio/activity';
import type { Client, Connection } from '@temporalio/client';
import { ApplicationFailure, defineSearchAttributeKey } from '@temporalio/common';
import proto from '@temporalio/proto';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { startChild } from '../../sandbox/child-process.js';
import { killTemporal } from '../support/kill-temporal.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { createLogger } from '../../src/log/logger.js';
import { connectClient } from '../../src/temporal/connection.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';
import { temporalLogger } from '../../src/temporal/worker/sdk-logger.js';
import { assertNoSecretIn, findSecretsIn } from '../secret-scan/assert-no-secret.js';
import { randomText, seededRandom } from '../secret-scan/canary.js';
import { historyPlaces } from '../secret-scan/history-places.js';
import {
  filePlaces,
  folderPlaces,
  metricsPlaces,
  temporalDatabasePlaces,
  type Places,
} from '../secret-scan/places.js';
import * as planting from '../secret-scan/planting-workflows.js';
import { processWatch, type ProcessWatch } from '../secret-scan/process-watch.js';
import { installQuietRuntime } from '../workflows/test-worker.js';

/** Where Temporal stores inputs and results of an execution: its database, and the history from the API. */
const DATABASE = ['a column of the database', 'the database file'];
const HISTORY = [...DATABASE, 'an exported history', 'a decoded history'];

/** Each secret is planted once. The values are the only places where it must be found. */
const PLANTED = {
  'workflow argument': HISTORY,
  'activity input': HISTORY,
  'activity result': HISTORY,
  'base64 in an activity result': HISTORY,
  'hex in an activity result': HISTORY,
  'activity failure message': HISTORY,
  'activity failure details': HISTORY,
  'run failure message': HISTORY,
  'run failure details': HISTORY,
  memo: [...HISTORY, "a run's description"],
  'memo key': [...HISTORY, "a run's description"],
  'search attribute': [...HISTORY, "a run's description"],
  summary: [...HISTORY, "a run's description"],
  'heartbeat of a pending activity': [...DATABASE, "a run's description"],
  'last failure of a pending activity': [...DATABASE, "a run's description"],
  'input of a standalone activity': [...DATABASE, 'a standalone activity'],
  'result of a standalone activity': [...DATABASE, 'a standalone activity'],
  'schedule argument': [...DATABASE, 'a schedule'],
  'schedule note': [...DATABASE, 'a schedule'],
  'schedule memo': [...DATABASE, 'a schedule'],
  'standard output': ['a log'],
  'standard error': ['a log'],
  'a file of a cache': ['a cache'],
  'process argument': ['process arguments'],
  'task queue': [...HISTORY, "a run's description", 'the metrics'],
  nowhere: [],
} satisfies Record<string, readonly string[]>;

const PLANTED_ATTRIBUTE = defineSearchAttributeKey('Planted', 'KEYWORD');
const { IndexedValueType } = proto.temporal.api.enums.v1;

type Plant = keyof typeof PLANTED;
const PLANTS = Object.keys(PLANTED) as Plant[];

describe('secret scan', function () {
  this.timeout(120_000);
  const random = seededRandom(40);
  const canaries = Object.fromEntries(PLANTS.map((name) => [name, randomText(random, 80)])) as Record<
    Plant,
    string
  >;
  // Any 31 characters of it include one that is invalid in metric labels.
  canaries['task queue'] = `${canaries['task queue'].replaceAll(/.{20}/g, '$&/')}+==`;
  canaries['activity input'] = planting.ACTIVITY_INPUT;
  const secrets = PLANTS.map((name) => ({ name, value: canaries[name] }));
  const taskQueue = 'planting';
  let folder: string;
  let server: TemporalServer;
  let client: Client;
  let watch: ProcessWatch;
  const closers: (() => Promise<void>)[] = [];

  before(async () => {
    installQuietRuntime();
    folder = mkdtempSync(join(tmpdir(), 'ecr-scan-'));
    watch = processWatch();
    server = await startTemporal({ stateFolder: join(folder, 'temporal') });
    const { address } = server;
    const connected = await connectClient(plainSettings(address, 'default'));
    client = connected.client;
    const connection = await NativeConnection.connect({ address });
    closers.push(connected.close, () => connection.close());
    const worker = await createPlantingWorker(connection);
    await worker.runUntil(plantInTemporal);
    await plantOutside();
  });

  after(async () => {
    watch?.stop();
    for (const close of closers) await close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  async function createPlantingWorker(connection: NativeConnection): Promise<Worker> {
    const activities: planting.PlantingActivities & { echo: (input: string) => Promise<string> } = {
      answer: async () => canaries['activity result'],
      answerEncoded: async () => {
        const base64 = Buffer.from(`:${canaries['base64 in an activity result']}`).toString('base64');
        return `${base64} ${Buffer.from(canaries['hex in an activity result']).toString('hex')}`;
      },
      take: async () => {},
      fail: async () => {
        const details = { body: canaries['activity failure details'] };
        throw ApplicationFailure.nonRetryable(canaries['activity failure message'], 'Planted', details);
      },
      heartbeatAndFail: async () => {
        heartbeat({ progress: canaries['heartbeat of a pending activity'] });
        throw new Error(canaries['last failure of a pending activity']);
      },
      echo: async () => canaries['result of a standalone activity'],
    };
    const logger = temporalLogger(createLogger('silent'));
    const workflowsPath = fileURLToPath(new URL('../secret-scan/planting-workflows.ts', import.meta.url));
    const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
    return Worker.create({ connection, namespace: 'default', taskQueue, workflowBundle, activities });
  }

  async function plantInTemporal(): Promise<void> {
    await (client.connection as Connection).operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: { [PLANTED_ATTRIBUTE.name]: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD },
    });
    const failing = client.workflow.execute(planting.plantAndFail, {
      taskQueue,
      workflowId: 'failing',
      args: [canaries['workflow argument'], canaries['run failure message'], canaries['run failure details']],
      memo: { note: canaries.memo, [canaries['memo key']]: true },
      typedSearchAttributes: [{ key: PLANTED_ATTRIBUTE, value: canaries['search attribute'] }],
      staticSummary: canaries.summary,
    });
    await assert.rejects(failing, /Workflow execution failed/);
    await client.activity.execute('echo', {
      id: 'standalone',
      taskQueue,
      startToCloseTimeout: '1 minute',
      args: [canaries['input of a standalone activity']],
    });
    // No worker polls this task queue.
    await client.workflow.start('unknown', {
      taskQueue: canaries['task queue'],
      workflowId: 'waiting-forever',
    });
    await client.schedule.create({
      scheduleId: 'planted',
      spec: { intervals: [{ every: '1 day' }] },
      state: { paused: true, note: canaries['schedule note'] },
      memo: { note: canaries['schedule memo'] },
      action: {
        type: 'startWorkflow',
        workflowType: 'plantAndWait',
        taskQueue,
        args: [canaries['schedule argument']],
      },
    });
    await waitForPendingFailure();
  }

  async function waitForPendingFailure(): Promise<void> {
    const handle = await client.workflow.start(planting.plantAndWait, { taskQueue, workflowId: 'waiting' });
    for (let i = 0; i < 300; i += 1) {
      const { pendingActivities } = (await handle.describe()).raw;
      if (pendingActivities?.some(({ lastFailure }) => lastFailure)) return;
      await delay(100);
    }
    throw new Error('The activity did not fail within 30 s.');
  }

  async function plantOutside(): Promise<void> {
    mkdirSync(join(folder, 'cache', 'inner'), { recursive: true });
    writeFileSync(
      join(folder, 'cache', 'inner', 'cached.json'),
      `{"cached":"${canaries['a file of a cache']}"}`,
    );
    const print = 'console.log(process.env.OUT); console.error(process.env.ERR)';
    const printer = await startChild({
      name: 'printing child',
      command: process.execPath,
      args: ['-e', `${print}; setTimeout(() => {}, 60_000)`],
      env: { ...process.env, OUT: canaries['standard output'], ERR: canaries['standard error'] },
      logFile: join(folder, 'child.log'),
      ready: async () => readFileSync(join(folder, 'child.log'), 'utf8').includes(canaries['standard error']),
    });
    await printer.stop();
    const args = ['-e', 'setTimeout(() => {}, 300)', '--', canaries['process argument']];
    const sleeper = spawn(process.execPath, args, { stdio: 'ignore' });
    await once(sleeper, 'exit');
  }

  function toKind(place: string): string {
    const { dbFile } = server;
    if (place.startsWith(dbFile)) return 'the database file';
    if (place.startsWith('temporal.db, ')) return 'a column of the database';
    if (place.endsWith('exported history')) return 'an exported history';
    if (place.endsWith('decoded history')) return 'a decoded history';
    if (place.startsWith('workflow ')) return "a run's description";
    if (place.startsWith('activity ')) return 'a standalone activity';
    if (place.startsWith('schedule ')) return 'a schedule';
    if (place.startsWith('arguments of process')) return 'process arguments';
    if (place === server.metricsUrl) return 'the metrics';
    if (place === join(folder, 'child.log')) return 'a log';
    return place.startsWith(join(folder, 'cache')) ? 'a cache' : place;
  }

  const sorted = (names: Iterable<string>): string[] => Array.from(names).toSorted();

  function allPlaces(): Places[] {
    return [
      temporalDatabasePlaces(server.dbFile),
      historyPlaces(client),
      metricsPlaces(server.metricsUrl),
      filePlaces(join(folder, 'child.log')),
      folderPlaces(join(folder, 'cache')),
      watch.stop(),
    ];
  }

  it('finds each planted secret where it was planted, and nowhere else', async () => {
    const { findings } = await findSecretsIn(secrets, ...allPlaces());
    const findKinds = (name: Plant): string[] => {
      const kinds = findings.filter(({ secret }) => secret === name).map(({ place }) => toKind(place));
      return sorted(new Set(kinds));
    };
    assert.deepEqual(
      Object.fromEntries(PLANTS.map((name) => [name, findKinds(name)])),
      Object.fromEntries(PLANTS.map((name) => [name, sorted(PLANTED[name])])),
    );
  });

  it('finds planted secrets in exported and encoded form', async () => {
    const { findings } = await findSecretsIn(
      secrets,
      historyPlaces(client),
      metricsPlaces(server.metricsUrl),
    );
    const findForms = (name: Plant, kind: string): string[] =>
      findings.filter((f) => f.secret === name && toKind(f.place) === kind).map(({ form }) => form);
    const exported = (name: Plant): string[] => findForms(name, 'an exported history');
    assert.deepEqual(exported('activity failure message'), ['plain text']);
    assert.deepEqual(exported('activity result'), ['base64']);
    assert.deepEqual(exported('base64 in an activity result'), ['base64 of base64']);
    assert.deepEqual(exported('hex in an activity result'), ['base64 of hex']);
    assert.deepEqual(findForms('hex in an activity result', 'a decoded history'), ['hex']);
    assert.deepEqual(findForms('task queue', 'the metrics'), ['label']);
  });

  it('passes without a planted secret, after scanning every place', async () => {
    const clean = { name: 'nowhere', value: canaries.nowhere };
    const { places, bytes } = await assertNoSecretIn([clean], ...allPlaces());
    assert.ok(places > 50 && bytes > 1_000_000, `${places} places, ${bytes} bytes`);
    await assert.rejects(assertNoSecretIn(secrets, ...allPlaces()), (error: Error) => {
      return !PLANTS.some((name) => error.message.includes(canaries[name].slice(0, 31)));
    });
  });

  it('finds planted secrets in the database of a killed server', async () => {
    await killTemporal(server);
    const { findings } = await findSecretsIn(secrets, temporalDatabasePlaces(server.dbFile));
    const inDatabase = PLANTS.filter((name) =>
      DATABASE.every((kind) => PLANTED[name].some((k) => k === kind)),
    );
    for (const kind of DATABASE) {
      const found = findings.filter(({ place }) => toKind(place) === kind).map(({ secret }) => secret);
      assert.deepEqual(sorted(new Set(found)), sorted(inDatabase), kind);
    }
  });
});
