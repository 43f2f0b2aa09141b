import assert from 'node:assert/strict';
import { formatFailure, formatPreview, formatReport, table } from '../../scripts/format-report.js';
import { refresh } from '../../src/refresh/flow.js';
import type { FailureReport, RefreshReport } from '../../src/refresh/report.js';
import type { Preview } from '../../src/refresh-once/refresh-once.js';
import { FakeContext } from '../fakes/fake-context.js';
import { ENGINE, fakeSteps, FINGERPRINT, REGISTRY } from '../fakes/fake-steps.js';
import { getRemedy } from '../../src/refresh/failures.js';

const FAILURE: FailureReport = {
  stage: 'inspect',
  scope: 'connection',
  store: 'main',
  registry: REGISTRY,
  type: 'ConnectionMissing',
  count: 2,
  connections: ['a', 'b'],
  message: 'Airflow has no connection a.',
  remedy: getRemedy('ConnectionMissing'),
};

function createReport(): Promise<RefreshReport> {
  return refresh(fakeSteps(), new FakeContext());
}

describe('formatReport', () => {
  it('shows the refreshed stores, the tokens and the tested engines', async () => {
    const text = formatReport(await createReport());
    assert.match(text, /^All connections refreshed\.\n/);
    for (const part of ['main', REGISTRY, FINGERPRINT, ENGINE, '28.0.0', 'ok', '2026-01-01 12:00 UTC']) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(!text.includes('FAILED') && !text.includes('Warning'), text);
  });

  it('begins with INCOMPLETE and shows failures and warnings', async () => {
    const text = formatReport({
      ...(await createReport()),
      outcome: 'incomplete',
      failures: [FAILURE],
      warnings: ['upper-case letters'],
    });
    assert.match(text, /^INCOMPLETE/);
    assert.match(text, /FAILED inspect main .*: ConnectionMissing \(2 connections: a, b\)/);
    assert.match(text, /Warning: upper-case letters/);
  });

  it('shows "never" only as the last refresh of connections that were never refreshed', async () => {
    const report = await createReport();
    const row = { store: 'main', kind: 'airflow', registry: 'r', refreshed: 0, failed: 1 };
    const never = {
      ...row,
      fingerprint: null,
      expiresAt: null,
      usableUntil: null,
      outlivesSession: null,
      principalArn: null,
      lastRefreshedAt: null,
    };
    const line = formatReport({ ...report, tokens: [], docker: [], stores: [never] })
      .split('\n')
      .find((candidate) => candidate.includes('main'));
    assert.deepEqual(
      line?.split('│').map((cell) => cell.trim()),
      ['', 'main', 'r', '1 FAILED, 0 refreshed', 'never', '-', '-', ''],
    );
  });

  it('omits empty tables', async () => {
    const text = formatReport({ ...(await createReport()), tokens: [], stores: [], docker: [] });
    assert.equal(text, 'No connection to refresh.\n\nConfiguration hash: abc');
  });
});

describe('formatFailure', () => {
  it('shows where it failed, the reason and the fix', () =>
    assert.equal(
      formatFailure(FAILURE),
      `FAILED inspect main ${REGISTRY}: ConnectionMissing (2 connections: a, b)\n` +
        '  Airflow has no connection a.\n  This is the first of 2 messages. Run `doctor` to see all.\n' +
        `  Fix: ${getRemedy('ConnectionMissing')}`,
    ));

  it('names the engine of a failed test', () => {
    const { store: _airflow, ...withoutStore } = FAILURE;
    const text = formatFailure({ ...withoutStore, stage: 'test', registry: 'r', engine: 'unix:///a.sock' });
    assert.match(text, /^FAILED test r from unix:\/\/\/a\.sock: /);
  });

  it('shows that more connections are affected than listed, and omits the list if there are none', () => {
    assert.match(formatFailure({ ...FAILURE, count: 3 }), /\(3 connections: a, b, …\)/);
    assert.match(formatFailure({ ...FAILURE, count: 0, connections: [] }), /ConnectionMissing\n/);
  });

  it('shows since when it has been failing, unless it began in this run', () => {
    const failing = { ...FAILURE, failingSince: '2026-01-01T00:00:00.000Z' };
    assert.match(formatFailure(failing, '2026-01-01T04:00:00.000Z'), /Failing since 2026-01-01 00:00 UTC\.$/);
    assert.doesNotMatch(formatFailure(failing, failing.failingSince), /since/);
  });
});

describe('formatPreview', () => {
  it('counts the connections that would be written, and shows why others are skipped', () => {
    const preview: Preview = {
      dryRun: true,
      connections: [
        {
          store: 'main',
          connection: 'a',
          action: 'write',
          registry: REGISTRY,
          why: 'it is valid',
          remedy: null,
        },
        {
          store: 'main',
          connection: 'b',
          action: 'leave',
          registry: null,
          why: 'It is missing.',
          remedy: getRemedy('ConnectionMissing'),
        },
        {
          store: 'main',
          connection: 'c',
          action: 'create',
          registry: REGISTRY,
          why: 'It will be created.',
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
    assert.match(text, / c .* create .*It will be created\./);
    assert.match(text, / skip .*It is missing\. Create the connection /);
  });
});

describe('table', () => {
  it('is empty without rows', () => assert.equal(table(['a'], []), ''));

  it('wraps long text within the last column', () => {
    const words = 'word '.repeat(60).trim();
    const text = table(['id', 'why'], [['a', words]]);
    assert.ok(text.split('\n').length > 5, text);
    assert.equal(text.match(/word/g)?.length, 60);
  });

  const head = ['registry', 'principal'];
  const rows = [
    ['a', 'arn:aws:sts::111122223333:assumed-role/ecr-pull/airflow-ecr-refresh'],
    ['b', 1],
  ];

  it('shows each row as a block if its lines do not fit, so that an ARN is not wrapped', () => {
    assert.match(table(head, rows, 100), /^┌/);
    assert.equal(
      table(head, rows, 60),
      'registry   a\nprincipal  arn:aws:sts::111122223333:assumed-role/ecr-pull/airflow-ecr-refresh\n\n' +
        'registry   b\nprincipal  1',
    );
  });

  it('wraps sentences within their column', () => {
    const why = 'type, host, login and port are valid for this registry, and the extra is valid as well';
    const text = table(['connection', 'why'], [['docker_default', why]], 80);
    assert.match(text, /^┌/);
    assert.ok(
      text.split('\n').every((line) => line.length <= 80),
      text,
    );
  });
});
