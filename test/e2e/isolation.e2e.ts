// When one part of a run fails, hangs or is malformed, everything else is written promptly, in the same run. Every
// scenario is a separate `refresh-once` with its own Airflow; all of them run in parallel, since they mostly wait.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { builtCli } from './built-cli.js';
import { play, type ScenarioResult } from './isolation/play.js';
import { CONNECTIONS, ids, NAMES, SCENARIOS, toId, type ScenarioName } from './isolation/scenarios.js';

/** Generous: a failing part takes minutes, a healthy one about a second. */
const SOON_MS = 20_000;

describe('a failing part of a run', function () {
  this.timeout(240_000);
  const stops = new Cleanup();
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  const results = new Map<string, ScenarioResult>();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-isolation-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
    await builtCli();
    const surroundings = {
      folder,
      env: aws.env,
      registryHost: registry.host,
      add: (part: AirflowStandIn) => stops.add(part),
    };
    await Promise.all(
      Object.entries(SCENARIOS).map(async ([name, scenario]) => {
        results.set(name, await play(name, scenario, surroundings));
      }),
    );
  });

  after(async () => {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  });

  function getResult(name: ScenarioName): ScenarioResult {
    const found = results.get(name);
    assert.ok(found, `${name} has not ended`);
    return found;
  }

  function failures({ report }: ScenarioResult): unknown[] {
    return report.failures.map(({ type, scope, connections }) => [type, scope, ...connections]);
  }

  for (const name of ['a list that always fails', 'a list that hangs', 'a list that is forbidden'] as const) {
    it(`${name} does not block a named connection`, () => {
      const result = getResult(name);
      assert.deepEqual(result.written, ['a']);
      assert.ok(result.msUntilWrite('a') < SOON_MS);
      assert.equal(result.report.failures.length, 1, JSON.stringify(result.report.failures));
      assert.equal(result.report.failures[0]?.scope, 'store');
      assert.doesNotMatch(result.report.failures[0]?.message ?? '', /page 2/);
    });
  }

  for (const [name, rows, bad] of [
    ['two adjacent pages with one bad row each', 250, [50, 150]],
    ['a bad row in a short list', 30, [7]],
    ['a bad first row, on the first of two pages', 130, [0]],
  ] as const) {
    it(`${name}: all others are written, and each bad row is reported with its position`, () => {
      const result = getResult(name);
      const badIds = bad.map((row) => toId(row));
      assert.deepEqual(
        result.written.toSorted(),
        ['a', ...ids(rows)].filter((id) => !badIds.includes(id)),
      );
      assert.ok(result.msUntilWrite('a') < SOON_MS);
      const [failure, ...more] = result.report.failures;
      assert.deepEqual([failure?.type, failure?.scope, more.length], ['ConnectionUnavailable', 'store', 0]);
      assert.deepEqual(failure?.count, bad.length);
      for (const row of bad)
        assert.match(failure?.connections.join('\n') ?? '', new RegExp(`row ${row + 1} of`));
    });
  }

  for (const [name, type] of [
    ['a connection that hangs when it is read', 'StoreUnreachable'],
    ['a connection that hangs when it is written', 'StoreUnreachable'],
    ['a connection that fails when it is written', 'ConnectionUnavailable'],
    ['a connection whose response is malformed', 'ConnectionUnavailable'],
  ] as const) {
    it(`${name} is the only failure`, () => {
      const result = getResult(name);
      assert.deepEqual(failures(result), [[type, 'connection', 'c001']]);
      assert.deepEqual(
        result.written,
        NAMES.filter((id) => id !== 'c001'),
      );
      for (const id of result.written) assert.ok(result.msUntilWrite(id) < SOON_MS, id);
    });
  }

  it('a connection that makes a bulk write of a hundred hang is the only failure', () => {
    const result = getResult('a connection that makes a bulk write of a hundred hang');
    assert.deepEqual(failures(result), [['StoreUnreachable', 'connection', 'team_050']]);
    assert.equal(result.written.length, 99);
  });

  for (const [name, count] of [
    ['a quarter of all requests failing', 60],
    ['a quarter of all requests failing, with a list', 251],
  ] as const) {
    it(`${name}: every connection is written`, () => {
      const result = getResult(name);
      assert.deepEqual([result.code, result.written.length], [0, count], JSON.stringify(failures(result)));
    });
  }

  it('an Airflow that fails every request causes no additional requests, and no fix for a single connection', () => {
    const { airflow, report, written } = getResult('an Airflow that fails every request');
    assert.deepEqual(written, []);
    assert.deepEqual(
      report.failures.map(({ type }) => type),
      ['StoreUnavailable', 'StoreUnavailable'],
      'the named connection and the list did not fail once each',
    );
    assert.doesNotMatch(JSON.stringify(report.failures), /Fernet/);
    const requests = airflow.requests.filter(({ path }) => path.startsWith(CONNECTIONS));
    // Attempts at 0, 5 and 15 s for the named connection and for the list; later ones also check if any request works.
    assert.ok(requests.length <= 10, `${requests.length} requests`);
  });

  it('a list that never ends is read until the deadline', () => {
    const result = getResult('a list that never ends');
    assert.deepEqual(result.written, ['a']);
    assert.deepEqual(failures(result), [['StoreListInvalid', 'store']]);
    assert.match(result.report.failures[0]?.message ?? '', /does not end/);
  });

  it('a total that is too small does not end a list', () => {
    const result = getResult('a total that is too small');
    assert.deepEqual([result.code, result.written.length], [0, 150]);
    assert.deepEqual(result.report.warnings, [
      'Airflow main listed 150 connections but returned a total of 0. No action needed.',
    ]);
  });
});
