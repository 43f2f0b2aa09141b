import assert from 'node:assert/strict';
import { loadConfig } from '../../src/config/load.js';
import type { ScheduleDescription } from '@temporalio/client';
import { isUpToDate } from '../../src/schedule/apply-schedule.js';
import { buildScheduleOptions, getStores } from '../../src/schedule/build-schedule.js';
import { findDifferences } from '../../src/schedule/schedule-state.js';
import { CANARY, ENV, useConfigFolder } from '../config/config-folder.js';
import { fakeConfig, fakeStoreConfig } from '../fakes/fake-config.js';

describe('the memo of the scheduled action', () => {
  const write = useConfigFolder();

  function storesOf(airflows: string): unknown {
    const path = write(`version: 1\nairflows:\n${airflows}docker: {engines: []}\n`);
    return getStores(buildScheduleOptions(loadConfig(path, ENV)));
  }

  function airflow(name: string, url: string): string {
    const auth = '{username: u, password: {env: AIRFLOW_PASSWORD}}';
    return `  - {name: ${name}, url: "${url}", auth: ${auth}, connections: [docker_default]}\n`;
  }

  it('contains name and URL of each store in the order of the names, and no secret', () => {
    const stores = storesOf(
      airflow('b', 'https://b.example.com/sub') + airflow('a', 'https://a.example.com'),
    );
    assert.deepEqual(stores, [
      { name: 'a', deployment: 'https://a.example.com' },
      { name: 'b', deployment: 'https://b.example.com/sub' },
    ]);
    assert.ok(!JSON.stringify(stores).includes(CANARY));
  });

  it('contains region and environment of an MWAA environment', () => {
    const stores = storesOf(
      '  - {name: m, auth: {mwaa: {environment: prod, region: us-east-1}}, connections: [docker_default]}\n',
    );
    assert.deepEqual(stores, [{ name: 'm', deployment: 'mwaa us-east-1 prod' }]);
  });

  for (const url of [
    'https://airflow.example.com/',
    'https://airflow.example.com//',
    'HTTPS://AirFlow.Example.COM',
    'https://airflow.example.com:443/',
  ]) {
    it(`contains ${url} in its normal form`, () =>
      assert.deepEqual(storesOf(airflow('a', url)), [
        { name: 'a', deployment: 'https://airflow.example.com' },
      ]));
  }

  it('keeps a port and a path, and their case', () =>
    assert.deepEqual(storesOf(airflow('a', 'https://A.example.com:8443/Sub/')), [
      { name: 'a', deployment: 'https://a.example.com:8443/Sub' },
    ]));

  it('makes a schedule of other stores differ from the configuration', () => {
    const before = buildScheduleOptions(
      fakeConfig({ stores: [fakeStoreConfig({ deployment: 'https://old' })] }),
    );
    const after = buildScheduleOptions(
      fakeConfig({ stores: [fakeStoreConfig({ deployment: 'https://new' })] }),
    );
    const { scheduleId, spec, action } = before;
    const description = {
      scheduleId,
      spec: { intervals: [{ every: 4 * 3_600_000 }], jitter: spec.jitter },
      action,
      policies: before.policies,
      state: { paused: false },
      info: { nextActionTimes: [] },
    } as unknown as ScheduleDescription;
    assert.equal(isUpToDate(description, before), true);
    assert.equal(isUpToDate(description, after), false);
    assert.deepEqual(findDifferences(description, before), []);
    assert.deepEqual(findDifferences(description, after), [
      'Airflow instances main (https://old) instead of main (https://new)',
    ]);
  });
});
