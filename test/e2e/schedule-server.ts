// A Temporal server for the tests of the schedule, with a client, workers with fake steps, and the runs of a schedule.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { killTemporal } from '../support/kill-temporal.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { connectClient } from '../../src/temporal/connection.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { createTestWorker, installQuietRuntime } from '../workflows/test-worker.js';

export const SECOND_MS = 1000;

type Write = RefreshSteps['updateConnections'];

export interface HeldWrites {
  readonly release: () => void;
  /** Writes in progress now, and their maximum at one time. */
  readonly count: { running: number; peak: number };
}

export interface ScheduleServer {
  readonly address: string;
  readonly stateFolder: string;
  readonly client: Client;
  /** The server as last started. */
  readonly temporal: () => TemporalServer;
  /** Runs a worker with these steps during the call. */
  readonly withWorker: <T>(steps: RefreshSteps, taskQueue: string, call: () => Promise<T>) => Promise<T>;
  /** Runs a worker whose writes wait until the call releases them or ends. */
  readonly withHeldWrites: (
    taskQueue: string,
    call: (held: HeldWrites) => Promise<void>,
    write?: Write,
  ) => Promise<void>;
  /** Starts a worker with these steps, which runs until it is stopped. */
  readonly startWorker: (steps: RefreshSteps, taskQueue: string) => Promise<{ stop: () => Promise<void> }>;
  /** The runs that a schedule started, the oldest first. */
  readonly runsOf: (scheduleId: string) => Promise<WorkflowExecutionInfo[]>;
  /** Kills Temporal with SIGKILL; the clients stay open. */
  readonly kill: () => Promise<void>;
  /** Restarts Temporal on the same database and port. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startScheduleServer(): Promise<ScheduleServer> {
  installQuietRuntime();
  const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-schedule-'));
  let server: TemporalServer = await startTemporal({ stateFolder });
  const { address } = server;
  const { client, close } = await connectClient(plainSettings(address, 'default'));
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    address,
    stateFolder,
    client,
    temporal: () => server,
    withWorker: async (steps, taskQueue, call) => {
      const worker = await createTestWorker(nativeConnection, taskQueue, steps);
      return worker.runUntil(call);
    },
    withHeldWrites: async (taskQueue, call, write = fakeSteps().updateConnections) => {
      const held = holdWrites(write);
      const steps = fakeSteps({ updateConnections: held.write });
      const worker = await createTestWorker(nativeConnection, taskQueue, steps);
      // A worker stops only after its activities, and a failing test must not wait for them.
      await worker.runUntil(() => call(held).finally(held.release));
    },
    startWorker: async (steps, taskQueue) => {
      const worker = await createTestWorker(nativeConnection, taskQueue, steps);
      const ended = worker.run();
      return {
        stop: () => {
          worker.shutdown();
          return ended;
        },
      };
    },
    runsOf: (scheduleId) => listRuns(client, scheduleId),
    kill: () => killTemporal(server),
    restart: async () => {
      server = await startTemporal({ stateFolder, port: Number(address.split(':')[1]) });
    },
    stop: async () => {
      await close();
      await nativeConnection.close();
      await server.stop();
      rmSync(stateFolder, { recursive: true });
    },
  };
}

async function listRuns(client: Client, scheduleId: string): Promise<WorkflowExecutionInfo[]> {
  const runs: WorkflowExecutionInfo[] = [];
  const query = `TemporalScheduledById="${scheduleId}"`;
  for await (const info of client.workflow.list({ query })) runs.push(info);
  return runs.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
}

/** A configuration with its own schedule and task queue, so that tests do not interfere. */
export function configEvery(everyMs = 4 * 3600 * SECOND_MS): RefreshConfig {
  const id = randomUUID();
  const base = fakeConfig();
  const schedule = { ...base.schedule, id, cadence: { everyMs }, longestIntervalMs: everyMs, jitterMs: 0 };
  return { ...base, taskQueue: id, schedule };
}

/** The same schedule with another interval, as after an edit. */
export function withInterval(everyMs: number, config: RefreshConfig): RefreshConfig {
  return {
    ...config,
    schedule: { ...config.schedule, cadence: { everyMs }, longestIntervalMs: everyMs },
  };
}

/** Compares the times in Temporal. Only the newest run may still be in progress. */
export function assertNoOverlap(runs: readonly WorkflowExecutionInfo[]): void {
  runs.slice(1).forEach((run, index) => {
    const before = runs[index]?.closeTime ?? new Date(NaN);
    assert.ok(run.startTime >= before, `run ${index + 1} started before run ${index} ended`);
  });
}

/** Polls until the condition is true, for at most a minute. */
export async function waitUntil(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + 60 * SECOND_MS;
  while (!(await condition())) {
    assert.ok(performance.now() < until, `timed out after a minute waiting for ${what}`);
    await delay(50);
  }
}

function holdWrites(write: Write): HeldWrites & { write: Write } {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const count = { running: 0, peak: 0 };
  return {
    release,
    count,
    write: async (input, how) => {
      count.running += 1;
      count.peak = Math.max(count.peak, count.running);
      await held;
      count.running -= 1;
      return write(input, how);
    },
  };
}
