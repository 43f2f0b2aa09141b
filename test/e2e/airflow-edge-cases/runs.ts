// Pauses runs at a known point, so that a test can change the same Airflow, and summarizes their reports.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsStandIn } from '../../support/aws.js';
import type { PassingRequest } from '../../support/pausing-proxy.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { Place, Places } from './places.js';

/** What a run refreshes: the usual connections of these Airflow instances, and more. */
export interface Run {
  readonly places: Places;
  readonly aws: AwsStandIn;
  readonly where: readonly Place[];
  readonly more: readonly string[];
}

/** Runs a refresh that gets no token until it has read every connection and `act` has ended. */
export async function actBeforeWrites(run: Run, act: () => Promise<void>): Promise<RefreshReport> {
  let release = (): void => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  run.aws.setFault(() => ({ until }));
  const starts = new Map(run.where.map((place) => [place, place.proxy.requests.length]));
  const running = run.places.refreshOnce(run.where, run.aws, run.more);
  try {
    const deadline = performance.now() + 50_000;
    while (![...starts].every(([place, start]) => hasReadAll(place, start, run.more))) {
      assert.ok(performance.now() < deadline, 'the run did not read every connection');
      await sleep(50);
    }
    await act();
  } finally {
    run.aws.setFault(undefined);
    release();
  }
  return running;
}

function hasReadAll({ proxy, usual }: Place, start: number, more: readonly string[]): boolean {
  const readIds = proxy.requests
    .slice(start)
    .filter(({ method, status }) => method === 'GET' && status !== undefined)
    .map(({ path }) => path.split('/').at(-1));
  return [...usual, ...more].every((id) => readIds.includes(id));
}

/** Runs a refresh of one Airflow, and calls `act` while the proxy holds the bulk request. */
export async function actBeforeBulk(run: Run, act: () => Promise<void>): Promise<RefreshReport> {
  const [place] = run.where;
  assert.ok(place);
  const held = place.proxy.pause('before', isBulk);
  const running = run.places.refreshOnce(run.where, run.aws, run.more);
  const call = await Promise.race([held, running]);
  assert.ok('release' in call, 'the run ended without a bulk request');
  try {
    await act();
  } finally {
    call.release();
  }
  return running;
}

export function isBulk({ method, path }: PassingRequest): boolean {
  return method === 'PATCH' && path === '/api/v2/connections';
}

/** Summarizes a report for one Airflow: number of refreshed connections, then each failure with its connections. */
export function toFailureRows(report: RefreshReport, { name }: Place): unknown[] {
  const refreshed = report.stores.filter(({ store }) => store === name).map((row) => row.refreshed);
  const failures = report.failures.filter(({ store }) => store === name);
  return [refreshed, ...failures.map(({ type, connections }) => [type, ...connections])];
}
