// What must be reported for a connection whose password Airflow can no longer decrypt.
import assert from 'node:assert/strict';
import { createInProcessSteps } from '../../../src/refresh-once/run-in-process.js';
import { createApp } from '../../../src/app.js';
import { loadConfig } from '../../../src/config/load.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { Place, Places } from './places.js';
import { toFailureRows } from './runs.js';

const FERNET = /Fernet key was changed: delete the connection and create it again/;

/** The connection failed alone, for want of the Fernet key. */
export function assertUnreadable(report: RefreshReport, place: Place, id: string): void {
  assert.deepEqual(toFailureRows(report, place), [[place.usual.length], ['StoreUnavailable', id]]);

  const failure = report.failures.find(({ store }) => store === place.name);
  assert.equal(failure?.scope, 'connection');
  assert.match(failure?.message ?? '', /: 500 on /);
  assert.match(failure?.remedy ?? '', FERNET);
}

/**
 * A run that finds it so from the start also refuses only this one: in its fourth attempt, after 35 s of back-off, which
 * this test skips.
 */
export async function assertRefusedFromTheStart(places: Places, place: Place, id: string): Promise<void> {
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
