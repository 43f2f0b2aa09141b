// A Temporal run over many connections and its cost: time, history, report, and memory of the worker.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Child } from '../../sandbox/child-process.js';
import { MAX_REPORT_BYTES, type RefreshReport } from '../../src/refresh/report.js';
import type { Fixture } from './every-failure/fixture.js';

export interface MeasuredRun {
  readonly report: RefreshReport;
  readonly events: number;
  /** The whole log of the Temporal server. */
  readonly serverLog: string;
  /** For the test to print. */
  readonly summary: string;
}

export function startManyRun(client: Client, taskQueue: string): Promise<WorkflowHandle> {
  return client.workflow.start('refreshCredentials', {
    taskQueue,
    workflowId: randomUUID(),
    args: [{ retryForMs: 1_800_000 }],
    workflowExecutionTimeout: '1 hour',
  });
}

/** Waits for the run to end. @throws when it failed */
export async function measureRun(
  fixture: Fixture,
  worker: Child,
  handle: WorkflowHandle,
): Promise<MeasuredRun> {
  const atRest = peakMegabytes(worker.pid);
  const report = (await handle.result()) as RefreshReport;
  const { historyLength: events, raw } = await handle.describe();
  const bytes = Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0);
  const history = await handle.fetchHistory();
  const failed = (history.events ?? []).filter((event) => event.activityTaskFailedEventAttributes);
  assert.deepEqual(failed, [], 'a step failed');
  const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
  const memory = `worker memory at most ${peakMegabytes(worker.pid)} MB, before the run ${atRest} MB`;
  const summary = `${seconds.toFixed(1)} s, ${events} events of ${bytes} bytes, ${memory}`;
  return {
    report,
    events,
    serverLog: readFileSync(join(fixture.stateFolder, 'temporal.log'), 'utf8'),
    summary,
  };
}

export function assertWithinLimits({ report, events, serverLog }: MeasuredRun, count: number): void {
  assert.deepEqual([report.stores[0]?.refreshed, report.failures], [count, []]);
  // Temporal warns at 10,240 events. A run over so many connections has at least hundreds.
  assert.ok(events > count / 50 && events < 10_240, `${events} events`);
  assert.ok(Buffer.byteLength(JSON.stringify(report)) < MAX_REPORT_BYTES);
  assert.doesNotMatch(serverLog, /size|exceed|limit/i);
}

/** The peak memory of a process; 0 where the system does not report it. */
function peakMegabytes(pid: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kilobytes ?? 0) / 1024);
  } catch {
    return 0;
  }
}
