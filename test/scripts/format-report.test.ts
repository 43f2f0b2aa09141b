import assert from 'node:assert/strict';
import {
  formatFailure,
  formatPreview,
  formatReport,
  formatTime,
  table,
} from '../../scripts/format-report.js';
import { refresh } from '../../src/refresh/flow.js';
import type { FailureReport, RefreshReport } from '../../src/refresh/report.js';
import type { Preview } from '../../src/refresh-once/refresh-once.js';
import { FakeContext } from '../fakes/fake-context.js';
import { ENGINE, fakeSteps, FINGERPRINT, REGISTRY } from '../fakes/fake-steps.js';

const FAILURE: FailureReport = {
  stage: 'inspect',
  scope: 'connection',
  store: 'main',
  registry: REGISTRY,
  type: 'ConnectionMissing',
  count: 2,
  connections: ['a', 'b'],
  message: 'Airflow has no connection a.',
  remedy: 'Create it.',
};

function goodReport(): Promise<RefreshReport> {
  return refresh(fakeSteps(), new FakeContext());
}

describe('formatReport', () => {
  it('shows what was refreshed, by which token, and from where it was tested', async () => {
    const text = formatReport(await goodReport());
    assert.match(text, /^Refreshed\.\n/);
    for (const part of ['main', REGISTRY, FINGERPRINT, ENGINE, '28.0.0', 'ok', '2026-01-01 12:00 UTC']) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(!text.includes('FAILED') && !text.includes('Warning'), text);
  });

  it('begins with INCOMPLETE and shows failures and warnings', async () => {
    const text = formatReport({
      ...(await goodReport()),
      outcome: 'incomplete',
      failures: [FAILURE],
      warnings: ['capital letters'],
    });
    assert.match(text, /^INCOMPLETE/);
    assert.match(text, /FAILED inspect main .*: ConnectionMissing \(2: a, b\)/);
    assert.match(text, /Warning: capital letters/);
  });

  it('says of connections that were never refreshed just that, and not that their token never expires', async () => {
    const report = await goodReport();
    const row = { store: 'main', kind: 'airflow', registry: 'r', refreshed: 0, failed: 1 };
    const never = {
      ...row,
      fingerprint: null,
      expiresAt: null,
      usableUntil: null,
      principalArn: null,
      lastRefreshedAt: null,
    };
    const line = formatReport({ ...report, tokens: [], docker: [], stores: [never] })
      .split('\n')
      .find((candidate) => candidate.includes('main'));
    assert.deepEqual(
      line?.split('│').map((cell) => cell.trim()),
      ['', 'main', 'r', '0', '1', 'never', '-', '-', ''],
    );
  });

  it('shows no empty tables', async () => {
    const text = formatReport({ ...(await goodReport()), tokens: [], stores: [], docker: [] });
    assert.equal(text, 'Refreshed.');
  });
});

describe('formatFailure', () => {
  it('says what failed where, why and what to do', () =>
    assert.equal(
      formatFailure(FAILURE),
      `FAILED inspect main ${REGISTRY}: ConnectionMissing (2: a, b)\n` +
        '  Airflow has no connection a. (`doctor` says it of each.)\n  What to do: Create it.',
    ));

  it('names the engine that a test failed from', () => {
    const { store: _airflow, ...elsewhere } = FAILURE;
    const text = formatFailure({ ...elsewhere, stage: 'test', registry: 'r', engine: 'unix:///a.sock' });
    assert.match(text, /^FAILED test r from unix:\/\/\/a\.sock: /);
  });

  it('says that there are more than it names, and nothing of connections where there are none', () => {
    assert.match(formatFailure({ ...FAILURE, count: 3 }), /\(3: a, b, …\)/);
    assert.match(formatFailure({ ...FAILURE, count: 0, connections: [] }), /ConnectionMissing\n/);
  });

  it('says since when, unless that is this run', () => {
    const failing = { ...FAILURE, failingSince: '2026-01-01T00:00:00.000Z' };
    assert.match(formatFailure(failing, '2026-01-01T04:00:00.000Z'), /Failing since 2026-01-01 00:00 UTC\.$/);
    assert.doesNotMatch(formatFailure(failing, failing.failingSince), /since/);
  });
});

describe('formatPreview', () => {
  it('counts what would be written, and says why not the rest', () => {
    const preview: Preview = {
      dryRun: true,
      connections: [
        {
          store: 'main',
          connection: 'a',
          action: 'write',
          registry: REGISTRY,
          why: 'it is right',
          remedy: null,
        },
        {
          store: 'main',
          connection: 'b',
          action: 'leave',
          registry: null,
          why: 'It is gone.',
          remedy: 'Create it.',
        },
        {
          store: 'main',
          connection: 'c',
          action: 'create',
          registry: REGISTRY,
          why: 'It is to be made.',
          remedy: null,
        },
      ],
      tokens: [],
      docker: [],
      failures: [],
      warnings: [],
    };
    const text = formatPreview(preview);
    assert.match(text, /^Dry run: 2 of 3 connections would be written\. Nothing was changed\.\n/);
    assert.match(text, / c .* create .*It is to be made\./);
    assert.match(text, /leave it alone .*It is gone\. Create it\./);
  });
});

describe('formatTime', () => {
  it('shows UTC to the minute, and never for none', () => {
    assert.equal(formatTime('2026-11-22T17:05:59.999Z'), '2026-11-22 17:05 UTC');
    assert.equal(formatTime(null), 'never');
  });
});

describe('table', () => {
  it('is nothing without rows', () => assert.equal(table(['a'], []), ''));

  it('breaks long text in its last column instead of the line', () => {
    const words = 'word '.repeat(60).trim();
    const text = table(['id', 'why'], [['a', words]]);
    assert.ok(text.split('\n').length > 5, text);
    assert.equal(text.match(/word/g)?.length, 60);
  });

  const head = ['registry', 'issued to'];
  const rows = [
    ['a', 'arn:aws:sts::111122223333:assumed-role/ecr-pull/airflow-ecr-refresh'],
    ['b', 1],
  ];

  it('shows each row as a block where its lines would be broken, so that an ARN stays whole', () => {
    assert.match(table(head, rows, 100), /^┌/);
    assert.equal(
      table(head, rows, 60),
      'registry   a\nissued to  arn:aws:sts::111122223333:assumed-role/ecr-pull/airflow-ecr-refresh\n\n' +
        'registry   b\nissued to  1',
    );
  });

  it('breaks sentences, which bear it, within their own column', () => {
    const why = 'its type, host, login and port are right for this registry and its login is, too';
    const text = table(['connection', 'why'], [['docker_default', why]], 80);
    assert.match(text, /^┌/);
    assert.ok(
      text.split('\n').every((line) => line.length <= 80),
      text,
    );
  });
});
