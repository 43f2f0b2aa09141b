// Whether tokens outlive their AWS session, over several runs: found out in one of them, and carried forward.
import assert from 'node:assert/strict';
import type { TokenInfo } from '../../src/refresh/activity-types.js';
import { describeFailure } from '../../src/refresh/failures.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import { parseReport, type RefreshReport } from '../../src/refresh/report.js';
import { fakeTokenInfo, plannedStores, REGISTRY } from '../fakes/fake-steps.js';

const ROLE = 'arn:aws:sts::123456789012:assumed-role/ecr-refresh';
const SESSION_ENDS_AT = '2026-01-01T01:00:00.000Z';
const SESSION_WARNING = 'Tokens end with their AWS session.';
const STARTED_AT = new Date('2026-01-01T00:00:00.000Z');

function tokenOf(changes: Partial<TokenInfo> = {}): TokenInfo {
  return fakeTokenInfo({ usableUntil: SESSION_ENDS_AT, sessionWarning: SESSION_WARNING, ...changes });
}

/** A run that writes one connection with each token. */
function runWith(previous: RefreshReport | undefined, ...tokens: readonly TokenInfo[]): RefreshReport {
  return run(previous, (record) => {
    for (const token of tokens) {
      record.token(token);
      record.updated('main', REGISTRY, { written: ['a'], refused: [], toRetry: [], token }, STARTED_AT);
    }
  });
}

function run(previous: RefreshReport | undefined, fill: (record: ReportBuilder) => void): RefreshReport {
  const record = new ReportBuilder('run', STARTED_AT, previous);
  record.plan({ configHash: 'abc', stores: plannedStores('main') });
  fill(record);
  // As it comes back from Temporal.
  const report = parseReport(JSON.parse(JSON.stringify(record.report(STARTED_AT))));
  assert.ok(report);
  return report;
}

function valuesOf({ tokens, stores }: RefreshReport): unknown[] {
  return [...tokens, ...stores].map(({ outlivesSession }) => outlivesSession);
}

describe('outlivesSession in the report', () => {
  it('is null while it is unknown, without a warning', () => {
    const report = runWith(undefined, tokenOf());
    assert.deepEqual(valuesOf(report), [null, null]);
    assert.deepEqual(report.warnings, []);
  });

  for (const outlivesSession of [true, false]) {
    it(`is ${outlivesSession} once that was found out, and in later runs that do not find out`, () => {
      const found = runWith(undefined, tokenOf({ outlivesSession }));
      const later = runWith(runWith(found, tokenOf()), tokenOf());
      for (const report of [found, later]) {
        assert.deepEqual(valuesOf(report), [outlivesSession, outlivesSession]);
        assert.deepEqual(report.warnings, outlivesSession ? [] : [SESSION_WARNING]);
      }
    });
  }

  it('changes nothing else in a row', () => {
    const rows = [undefined, true, false].map((value) => {
      const token = tokenOf(value === undefined ? {} : { outlivesSession: value });
      const [row] = runWith(undefined, token).stores;
      return { ...row, outlivesSession: null };
    });
    assert.deepEqual(rows[1], rows[0]);
    assert.deepEqual(rows[2], rows[0]);
  });

  it('is carried forward over a run that gets no token', () => {
    const found = runWith(undefined, tokenOf({ outlivesSession: false }));
    const failed = run(found, (record) => {
      record.expect('main', REGISTRY);
      record.fail(
        { stage: 'extract', store: 'main', registry: REGISTRY },
        describeFailure('AwsThrottled', ''),
      );
    });
    assert.deepEqual(valuesOf(failed), [false]);
    assert.deepEqual(valuesOf(runWith(failed, tokenOf())), [false, false]);
  });

  it('applies to a token of an earlier run that connections still hold', () => {
    const first = runWith(undefined, tokenOf());
    const second = run(first, (record) => {
      record.carryStore('main');
      record.token(tokenOf({ outlivesSession: false }));
    });
    assert.deepEqual(valuesOf(second), [false, false]);
  });

  it('is that of the latest finding', () => {
    const ended = runWith(undefined, tokenOf({ outlivesSession: false }));
    assert.deepEqual(valuesOf(runWith(ended, tokenOf({ outlivesSession: true }))), [true, true]);
  });

  it('is false when one of two workers found that a token ended with its session', () => {
    const report = runWith(
      undefined,
      tokenOf({ outlivesSession: true }),
      tokenOf({ fingerprint: 'ba9876543210', outlivesSession: false }),
      tokenOf({ fingerprint: 'ccccccccccc1' }),
    );
    assert.deepEqual(valuesOf(report), [false, false, false, false]);
  });

  it('is carried forward to other sessions of the role, but not to another role', () => {
    const found = runWith(undefined, tokenOf({ principalArn: `${ROLE}/1`, outlivesSession: false }));
    assert.deepEqual(valuesOf(runWith(found, tokenOf({ principalArn: `${ROLE}/2` }))), [false, false]);
    const other = tokenOf({ principalArn: `${ROLE}-other/1` });
    assert.deepEqual(valuesOf(runWith(found, other)), [null, null]);
  });
});
