// The configuration file, and what comes back from Temporal.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatReport } from '../../scripts/format-report.js';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig, readScheduleTarget } from '../../src/config/load.js';
import { readCron } from '../../src/config/schema/cron.js';
import { duration } from '../../src/config/schema/values.js';
import { parseYaml } from '../../src/config/yaml.js';
import { parseFailure } from '../../src/refresh/failures.js';
import { parseReport } from '../../src/refresh/report.js';
import { parseProgress } from '../../src/refresh/run-progress.js';
import { parseScheduledStores } from '../../src/refresh/scheduled-stores.js';
import { FULL } from '../config/full-config.js';
import { VALID } from '../config/good-config.js';
import { report } from '../fakes/fake-report.js';
import { CANARY, TIMEOUT_MS, check, json, mutated, mutatedJson, resultOf } from './hostile.js';

describe('fuzzed: a configuration file', function () {
  this.timeout(TIMEOUT_MS);
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const FILES = [VALID, FULL, 'a: &a [*a]\n', 'a: &a {b: 1}\nc: {<<: *a}\n', '{a: {b: [}'];
  const env = { AIRFLOW_PASSWORD: CANARY };

  it('is a configuration, or has problems with a code, and never shows a secret of its variables', () => {
    const path = join(folder, 'refresh.yaml');
    check(mutated(...FILES), (content) => {
      writeFileSync(path, content, { mode: 0o600 });
      for (const load of [() => loadConfig(path, env), () => readScheduleTarget(path, undefined, env)]) {
        const result = resultOf<object, ConfigError>(load, ConfigError);
        if (!(result instanceof Error)) continue;
        assert.ok(result.problems.length > 0);
        const written = content.includes(CANARY);
        for (const { message, remedy } of result.problems)
          assert.ok(written || !`${message}${remedy}`.includes(CANARY));
      }
    });
  });

  it('is parsed as YAML without an error', () => {
    check(
      mutated(...FILES),
      (content) => {
        const { value, problems, findLine } = parseYaml(content);
        assert.ok(value !== undefined || problems.length > 0);
        findLine(['airflows', 0, 'url']);
      },
      ['['.repeat(5_000), '{a: '.repeat(5_000), '- '.repeat(5_000), '? '.repeat(5_000)],
    );
  });

  it('has intervals and durations that are numbers above zero', () => {
    check(mutated('0 */4 * * *', '15 3 * * 1-5', '@daily', '0 0 31 2 *'), (expression) => {
      readCron(expression);
    });
    check(mutated('4h', '30m', '999999d'), (given) => {
      const { success, data } = duration.safeParse(given);
      if (success) assert.ok(Number.isSafeInteger(data) && data >= 0);
    });
  });
});

describe('fuzzed: values from Temporal', function () {
  this.timeout(TIMEOUT_MS);
  const REPORT: unknown = JSON.parse(JSON.stringify(report()));
  const STEP = {
    step: 'planRefresh',
    target: 'main',
    activityId: null,
    attempts: 1,
    failingSince: null,
    nextAttemptAt: '2026-11-22T12:00:00Z',
    failure: { type: 'StoreUnavailable', scope: 'store', message: 'm', remedy: 'r' },
  };
  const PROGRESS = { stepsDone: 1, stepsInProgress: 1, steps: [STEP], storesDone: ['main'], report: REPORT };

  it('are a report that can be printed, or none', () => {
    check(mutatedJson(REPORT), (value) => {
      const parsed = parseReport(value);
      if (parsed) formatReport(parsed, 100);
    });
  });

  it('are the progress of a run, or none', () => {
    check(mutatedJson(PROGRESS), (value) => {
      const parsed = parseProgress(value);
      if (parsed) assert.ok(parsed.steps.every(({ target }) => typeof target === 'string'));
    });
  });

  it('are the stores of a schedule, or none', () => {
    check(mutatedJson([{ name: 'main', deployment: 'https://airflow.example.com' }]), (value) => {
      for (const store of parseScheduledStores(value) ?? [])
        assert.match(store.name + store.deployment, /^[\x20-\x7e]+$/);
    });
  });

  it('are a failure of the catalogue, or none', () => {
    check(json(), (details) => {
      const failure = parseFailure('StoreUnavailable', 'm', details);
      assert.ok(typeof failure?.remedy === 'string' && typeof failure.scope === 'string');
      assert.equal(parseFailure('constructor', 'm', details), undefined);
    });
  });
});
