import assert from 'node:assert/strict';
import { failure, report, row } from '../fakes/fake-report.js';
import { fitReport, keepPlausible, MAX_REPORT_BYTES, parseReport } from '../../src/refresh/report.js';
import { REGISTRY } from '../fakes/fake-steps.js';

function sizeInBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

describe('fitReport', () => {
  it('does not change a report that fits', () => {
    const small = report({ failures: [failure()], warnings: ['one'] });
    assert.deepEqual(fitReport(small), small);
  });

  it('shortens a report of 5,000 different failures to 256 KB with a warning, and keeps the stores', () => {
    const failures = Array.from({ length: 5000 }, (_, index) => failure({ registry: `registry-${index}` }));
    const fitted = fitReport(report({ failures }));
    assert.ok(sizeInBytes(fitted) <= MAX_REPORT_BYTES, `${sizeInBytes(fitted)} bytes`);
    assert.ok(fitted.failures.length > 100, `only ${fitted.failures.length} are left`);
    assert.deepEqual(fitted.failures[0], failures[0]);
    assert.equal(fitted.stores.length, 1);
    assert.deepEqual(fitted.warnings, ['The report was too long: its failures list was truncated.']);
  });

  it('fits a report whose lists are all too long, with 3-byte characters', () => {
    const many = 600;
    const long = '界'.repeat(499);
    const list = <T>(make: (index: number) => T): T[] => Array.from({ length: many }, (_, i) => make(i));
    const fitted = fitReport(
      report({
        tokens: list((index) => ({
          registries: list((other) => `${other}.${long}`).slice(0, 3),
          region: 'us-east-1',
          principalArn: null,
          issuedAt: '',
          expiresAt: '',
          usableUntil: '',
          outlivesSession: null,
          fingerprint: String(index),
          check: 'accepted' as const,
        })),
        stores: list((index) => row({ store: `store-${index}` })),
        docker: list((index) => ({
          engine: `unix:///${index}/${long}`,
          version: null,
          registry: REGISTRY,
          login: 'rejected' as const,
          fingerprint: null,
        })),
        failures: list((index) => failure({ store: `store-${index}`, message: long })),
        warnings: list((index) => `${index} ${long}`),
      }),
    );
    assert.ok(sizeInBytes(fitted) <= MAX_REPORT_BYTES, `${sizeInBytes(fitted)} bytes`);
    assert.ok(fitted.stores.length > 1, 'the stores were shortened before other lists');
  });

  it('shows 20 registries of a token that serves 10,000, with a warning', () => {
    const registries = Array.from({ length: 10_000 }, (_, index) => `${index}.${REGISTRY}`);
    const token = {
      registries,
      region: 'us-east-1',
      principalArn: null,
      issuedAt: '',
      expiresAt: '',
      usableUntil: '',
      outlivesSession: null,
    };
    const fitted = fitReport(
      report({ tokens: [{ ...token, fingerprint: '0123456789ab', check: 'accepted' }] }),
    );
    assert.ok(sizeInBytes(fitted) <= MAX_REPORT_BYTES, `${sizeInBytes(fitted)} bytes`);
    assert.deepEqual(fitted.tokens[0]?.registries, registries.slice(0, 20));
    assert.match(fitted.warnings[0] ?? '', /first 20 registries/);
  });

  it('shortens the lists of connection ids first, and keeps the counts', () => {
    const ids = (store: string): string[] =>
      Array.from({ length: 1000 }, (_, index) => `${store}_${String(index).padStart(30, '0')}`);
    const failures = Array.from({ length: 20 }, (_, index) =>
      failure({ store: `store-${index}`, count: 10_000, connections: ids(`store-${index}`) }),
    );
    const fitted = fitReport(report({ failures, warnings: ['one'] }));
    assert.ok(sizeInBytes(fitted) <= MAX_REPORT_BYTES, `${sizeInBytes(fitted)} bytes`);
    assert.deepEqual(
      fitted.failures.map(({ store, count, connections }) => [store, count, connections.length]),
      failures.map(({ store }) => [store, 10_000, 250]),
    );
    assert.deepEqual(fitted.warnings, [
      'The report was too long: only the first 250 connections of each failure are listed.',
      'one',
    ]);
  });

  it('keeps 1,000 connection ids of a failure in a report that fits', () => {
    const connections = Array.from({ length: 1000 }, (_, index) => `docker_${index}`);
    const large = report({ failures: [failure({ count: 1200, connections })] });
    assert.deepEqual(fitReport(large), large);
  });

  it('truncates a warning of 501 characters', () =>
    assert.deepEqual(fitReport(report({ warnings: ['w'.repeat(501)] })).warnings, [`${'w'.repeat(499)}…`]));
});

describe('parseReport', () => {
  it('accepts a report that was converted to JSON and back', () => {
    const sent = report({ outcome: 'incomplete', failures: [failure()], warnings: ['one'] });
    assert.deepEqual(parseReport(JSON.parse(JSON.stringify(sent))), sent);
  });

  it('accepts a report with fields of a later release', () => {
    const later = { ...report(), stores: [{ ...row(), later: 1 }], alsoLater: [] };
    assert.deepEqual(parseReport(later), later);
  });

  it('accepts failures with and without an engine', () => {
    const sent = report({ failures: [failure({ engine: 'unix:///a.sock' }), failure()] });
    assert.deepEqual(parseReport(sent), sent);
  });

  it('accepts a row that was never refreshed', () => {
    const never = report({ stores: [row({ fingerprint: null, expiresAt: null, lastRefreshedAt: null })] });
    assert.deepEqual(parseReport(never), never);
  });

  for (const { title, value } of [
    { title: 'undefined', value: undefined },
    { title: 'null', value: null },
    { title: 'text', value: '{"outcome":"refreshed"}' },
    { title: 'a list', value: [report()] },
    { title: 'an empty object', value: {} },
    { title: 'another outcome', value: { ...report(), outcome: 'done' } },
    { title: 'a start that is not text', value: { ...report(), startedAt: 5 } },
    { title: 'a missing end', value: { ...report(), finishedAt: undefined } },
    { title: 'a missing list of tokens', value: { ...report(), tokens: undefined } },
    { title: 'a token that is null', value: { ...report(), tokens: [null] } },
    { title: 'stores as an object', value: { ...report(), stores: { main: row() } } },
    { title: 'a store that is null', value: { ...report(), stores: [null] } },
    {
      title: 'a store without a registry',
      value: { ...report(), stores: [{ ...row(), registry: undefined }] },
    },
    { title: 'a count that is text', value: { ...report(), stores: [{ ...row(), refreshed: '1' }] } },
    { title: 'a time that is a number', value: { ...report(), stores: [{ ...row(), lastRefreshedAt: 1 }] } },
    {
      title: 'a usableUntil that is a number',
      value: { ...report(), stores: [{ ...row(), usableUntil: 1 }] },
    },
    { title: 'a principal that is a list', value: { ...report(), stores: [{ ...row(), principalArn: [] }] } },
    {
      title: 'a fingerprint that is a number',
      value: { ...report(), stores: [{ ...row(), fingerprint: 1 }] },
    },
    { title: 'an expiry that is a number', value: { ...report(), stores: [{ ...row(), expiresAt: 1 }] } },
    { title: 'an expiry that is no time', value: { ...report(), stores: [{ ...row(), expiresAt: 'soon' }] } },
    {
      title: 'a row whose outlivesSession is text',
      value: { ...report(), stores: [{ ...row(), outlivesSession: 'false' }] },
    },
    { title: 'a token without outlivesSession', value: { ...report(), tokens: [{ registries: [] }] } },
    { title: 'a missing list of unproven checks', value: { ...report(), unproven: undefined } },
    { title: 'an unproven check without a reason', value: { ...report(), unproven: [{ registry: 'r' }] } },
    {
      title: 'a failure without connections',
      value: { ...report(), failures: [{ ...failure(), connections: undefined }] },
    },
    { title: 'a failure that is null', value: { ...report(), failures: [null] } },
    {
      title: 'a failure without a type',
      value: { ...report(), failures: [{ ...failure(), type: undefined }] },
    },
    { title: 'an engine that is a number', value: { ...report(), failures: [{ ...failure(), engine: 1 }] } },
    {
      title: 'a failingSince that is a number',
      value: { ...report(), failures: [{ ...failure(), failingSince: 1 }] },
    },
    { title: 'a docker row that is a number', value: { ...report(), docker: [1] } },
    { title: 'a warning that is not text', value: { ...report(), warnings: [{}] } },
  ] as const) {
    it(`rejects ${title}`, () => assert.equal(parseReport(value), undefined));
  }
});

describe('the report of an earlier run', () => {
  const NOW = new Date('2026-01-02T00:00:00.000Z');
  const GOOD = row({ lastRefreshedAt: '2026-01-01T12:00:00.000Z', expiresAt: '2026-01-02T00:00:00.000Z' });

  function keptRows(changes: Partial<typeof GOOD>): number {
    const before = report({ stores: [{ ...GOOD, usableUntil: null, ...changes }], failures: [] });
    return keepPlausible(before, NOW).stores.length;
  }

  it('keeps rows that a run can have written', () => {
    assert.equal(keptRows({}), 1);
    assert.equal(keptRows({ lastRefreshedAt: null, expiresAt: null }), 1);
    assert.equal(keptRows({ usableUntil: '2026-01-01T13:00:00.000Z' }), 1);
  });

  it('loses rows with times that no token has', () => {
    for (const changes of [
      { lastRefreshedAt: '2026-01-02T00:00:01.000Z' },
      { lastRefreshedAt: null },
      { expiresAt: '2099-01-01T00:00:00.000Z' },
      { usableUntil: '2099-01-01T00:00:00.000Z' },
    ]) {
      assert.equal(keptRows(changes), 0, JSON.stringify(changes));
    }
  });

  it('loses failures that began in the future', () => {
    const began = (failingSince: string) => report({ stores: [], failures: [failure({ failingSince })] });
    assert.equal(keepPlausible(began('2026-01-01T00:00:00.000Z'), NOW).failures.length, 1);
    assert.equal(keepPlausible(began('2026-01-03T00:00:00.000Z'), NOW).failures.length, 0);
  });

  it('is ignored when it is larger than a report can be', () => {
    assert.ok(parseReport(report({})));
    assert.equal(parseReport(report({ warnings: ['x'.repeat(MAX_REPORT_BYTES)] })), undefined);
  });

  it('is ignored when a time, token or Docker row in it is not valid', () => {
    for (const changes of [
      { startedAt: 'yesterday' },
      { runId: 1 },
      { failures: [{ ...failure(), failingSince: 'yesterday' }] },
      { tokens: [{ registries: [], principalArn: null, outlivesSession: null }] },
      { docker: [{ engine: 1 }] },
    ]) {
      assert.equal(parseReport({ ...report({}), ...changes }), undefined, JSON.stringify(changes));
    }
  });

  it('does not change the prototype of objects', () => {
    const hostile: unknown = JSON.parse(
      JSON.stringify(report({})).replace('{', '{"__proto__":{"polluted":true},'),
    );
    assert.ok(parseReport(hostile));
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});
