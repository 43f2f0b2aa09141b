// The failure expected for a connection whose password Airflow can no longer decrypt.
import assert from 'node:assert/strict';
import { createInProcessSteps } from '../../../src/refresh-once/run-in-process.js';
import { createApp } from '../../../src/app.js';
import { loadConfig } from '../../../src/config/load.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { Place, Places } from './places.js';
import { toFailureRows } from './runs.js';

const FERNET =
  /[Dd]elete and recreate the connection.*Fernet key was changed|Fernet key was changed: delete and recreate/;

/** Asserts that only this connection failed, and that the remedy names the Fernet key. */
export function assertUnreadable(report: RefreshReport, place: Place, id: string): void {
  assert.deepEqual(toFailureRows(report, place), [[place.usual.length], ['StoreUnavailable', id]]);

  const failure = report.failures.find(({ store }) => store === place.name);
  assert.equal(failure?.scope, 'connection');
  assert.match(failure?.message ?? '', /: 500 on /);
  assert.match(failure?.remedy ?? '', FERNET);
}

/**
 * Asserts that a run that finds the connection unreadable at its start fails only this one. Without the clock of this
 * test, that takes four attempts and 35 s of back-off.
 */
export async function assertFailsFromStart(places: Places, place: Place, id: string): Promise<void> {
  const config = loadConfig(places.writeConfig([place], [id]));
  const clock = { nowMs: () => 0, wait: () => Promise.resolve() };
  const { activities } = createApp(config);
  const steps = createInProcessSteps(activities, 'run', Infinity, clock);
  const input = { configHash: config.hash, store: place.name };
  const first = { attemptsBefore: 0 };
  const named = { ...input, target: { named: { offset: 0, limit: 20 } }, ...first };
  const { writable, refused, toRetry } = await steps.inspectConnections(named, first);
  assert.deepEqual([writable.map(({ connections }) => connections), refused], [[place.usual], []]);
  assert.deepEqual(
    toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
    [[id, 'StoreUnavailable', 'connection']],
  );
  const again = { ...input, target: { connections: [id] }, attemptsBefore: 1 };
  const last = await steps.inspectConnections(again, { attemptsBefore: 1 });
  assert.deepEqual(
    last.refused.map(({ connection, type }) => [connection, type]),
    [[id, 'ConnectionUnavailable']],
  );
  assert.match(last.refused[0]?.remedy ?? '', FERNET);
}
