// Owns what must be told of a connection whose password Airflow cannot decrypt any more.
import assert from 'node:assert/strict';
import { createInProcessSteps } from '../../../src/refresh-once/run-in-process.js';
import { createApp } from '../../../src/app.js';
import { loadConfig } from '../../../src/config/load.js';
import { ConfigStore } from '../../../src/config/config-store.js';
import type { RefreshReport } from '../../../src/refresh/report.js';
import type { Place, Places } from './places.js';
import { toFailureRows } from './runs.js';

const FERNET = /Fernet key was changed and its password is unreadable/;

/** The connection failed alone, for want of the Fernet key. */
export function assertUnreadable(report: RefreshReport, place: Place, id: string): void {
  assert.deepEqual(toFailureRows(report, place), [[place.usual.length], ['StoreUnavailable', id]]);
  const failure = report.failures.find(({ store }) => store === place.name);
  assert.match(failure?.message ?? '', FERNET);
  assert.match(failure?.remedy ?? '', /delete and create the connection anew/);
}

/**
 * A run that finds it so from the start refuses it alone as well. It is patient first, which takes 35 s: they are
 * counted here and not waited for.
 */
export async function assertRefusedFromTheStart(places: Places, place: Place, id: string): Promise<void> {
  const config = loadConfig(places.writeConfig([place], [id]));
  const waits: number[] = [];
  const clock = { nowMs: () => 0, wait: async (ms: number) => void waits.push(ms) };
  const steps = createInProcessSteps(createApp(new ConfigStore(config)).activities, 'run', Infinity, clock);
  const { writable, refused } = await steps.inspectConnections({
    configHash: config.hash,
    store: place.name,
    page: 0,
  });
  assert.equal(waits.length, 3);
  assert.deepEqual(
    writable.map(({ connections }) => connections),
    [place.usual],
  );
  assert.deepEqual(
    refused.map(({ connection, type }) => [connection, type]),
    [[id, 'StoreUnavailable']],
  );
  assert.match(refused[0]?.message ?? '', FERNET);
}
