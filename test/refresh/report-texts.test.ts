import assert from 'node:assert/strict';
import fc from 'fast-check';
import { failure, report, row } from '../fakes/fake-report.js';
import { assertSafe, poison } from '../fakes/hostile-texts.js';
import {
  describeConnections,
  describeResult,
  summarizeReport,
  toHeadline,
  toSentence,
} from '../../src/refresh/report-texts.js';
import type { FailureReport, RefreshReport, UnprovenReport } from '../../src/refresh/report.js';
import { ENGINE, REGISTRY } from '../fakes/fake-steps.js';

const OTHER_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

function verifiedAt(...registries: string[]): RefreshReport['tokens'] {
  return [
    {
      registries,
      region: 'us-east-1',
      principalArn: null,
      issuedAt: '',
      expiresAt: '',
      usableUntil: '',
      outlivesSession: null,
      fingerprint: '0123456789ab',
      check: 'unreachable',
    },
  ];
}

describe('toHeadline', () => {
  const unreachable: UnprovenReport = { registry: REGISTRY, reason: 'unreachable' };
  const tokens = verifiedAt(REGISTRY);

  it('is that all connections are refreshed when every token was verified', () =>
    assert.equal(toHeadline(report({ tokens })), 'All connections refreshed.'));

  it('is that there is no connection to refresh when none matched', () =>
    assert.equal(toHeadline(report({ stores: [] })), 'No connection to refresh.'));

  it('is that the run is incomplete when anything failed', () =>
    assert.match(toHeadline(report({ outcome: 'incomplete', unproven: [unreachable] })), /^INCOMPLETE/));

  it('names what verified nothing', () =>
    assert.equal(
      toHeadline(
        report({
          tokens,
          unproven: [
            unreachable,
            { engine: ENGINE, registry: REGISTRY, reason: 'inconclusive' },
            { engine: 'tcp://docker.example.com:2376', reason: 'not tested' },
          ],
        }),
      ),
      `All connections refreshed, but nothing verified the new token: registry ${REGISTRY} (unreachable), ` +
        `login from ${ENGINE} to ${REGISTRY} (inconclusive), ` +
        'login from tcp://docker.example.com:2376 (not tested).',
    ));

  it('is that some checks proved nothing when another registry accepted the token', () =>
    assert.equal(
      toHeadline(report({ tokens: verifiedAt(REGISTRY, OTHER_REGISTRY), unproven: [unreachable] })),
      `All connections refreshed, but some checks verified nothing: registry ${REGISTRY} (unreachable).`,
    ));

  it('lists three checks and counts the others', () => {
    const unproven = [1, 2, 3, 4, 5].map((index): UnprovenReport => ({
      ...unreachable,
      registry: `r${index}`,
    }));
    assert.match(
      toHeadline(report({ tokens: verifiedAt('r1', 'r2', 'r3', 'r4', 'r5'), unproven })),
      /: registry r1 \(unreachable\), registry r2 \(unreachable\), registry r3 \(unreachable\), and 2 more\.$/,
    );
  });
});

describe('describeConnections', () => {
  it('lists the first 20 of 1,000 ids', () => {
    const connections = Array.from({ length: 1000 }, (_, index) => `id_${index}`);
    const text = describeConnections({ count: 1000, connections });
    assert.ok(text.startsWith(' (1000 connections: id_0, ') && text.endsWith(', id_19, …)'), text);
  });

  it('is empty when the connections are not known', () =>
    assert.equal(describeConnections({ count: 0, connections: [] }), ''));
});

describe('describeResult', () => {
  const { store: _store, registry: _registry, ...rest } = failure();
  const unread = { ...rest, stage: 'inspect', scope: 'store', count: 0, connections: [] } as const;
  const untouched = row({ refreshed: 0 });

  for (const { title, failures, expected } of [
    {
      title: 'a store that was not reached',
      failures: [{ ...unread, store: 'main', type: 'StoreUnreachable' }],
      expected: 'AIRFLOW NOT REACHED',
    },
    {
      title: 'a store that rejected the login',
      failures: [{ ...unread, store: 'main', type: 'StoreUnauthorized' }],
      expected: 'NOT REFRESHED (StoreUnauthorized)',
    },
    {
      title: 'a run without a configuration',
      failures: [{ ...unread, stage: 'plan', type: 'ConfigInvalid' }],
      expected: 'NOT REFRESHED (ConfigInvalid)',
    },
    {
      title: 'a failure of another store',
      failures: [{ ...unread, store: 'other', type: 'StoreUnreachable' }],
      expected: 'NOT REFRESHED',
    },
  ] as const) {
    it(`names ${title}`, () => assert.equal(describeResult(untouched, failures), expected));
  }

  it('counts failed and refreshed connections', () => {
    assert.equal(describeResult(row({ refreshed: 2, failed: 1 }), []), '1 FAILED, 2 refreshed');
    assert.equal(describeResult(row({ refreshed: 3 }), []), '3 refreshed');
  });
});

describe('summarizeReport', () => {
  it('counts 0, 1 and 2 connections', () => {
    const summary = (...counts: number[]) =>
      summarizeReport(report({ stores: counts.map((refreshed) => row({ refreshed })) }));
    assert.equal(summary(), 'no connection to refresh');
    assert.equal(summary(1, 0), '1 connection refreshed');
    assert.equal(summary(1, 1), '2 connections refreshed');
  });

  it('names 3 failures with their places, and counts the fourth', () => {
    const summary = summarizeReport(
      report({
        failures: [
          failure({ registry: 'r' }),
          { ...withoutPlace(failure()), stage: 'plan', type: 'ConfigInvalid' },
          {
            ...withoutPlace(failure()),
            stage: 'test',
            type: 'DockerLoginFailed',
            registry: 'r',
            engine: 'e',
          },
          failure({ store: 'not shown' }),
        ],
      }),
    );
    assert.equal(
      summary,
      '1 connection refreshed; failed: ConnectionMissing at update (main, r) (1 connection: docker_default); ' +
        'ConfigInvalid at plan; DockerLoginFailed at test (r, e); and 1 more',
    );
  });
});

describe('summarizeReport with hostile texts', () => {
  it('returns one line without hidden characters', () => {
    const unproven: UnprovenReport[] = [{ registry: REGISTRY, reason: 'unreachable' }];
    const incomplete = report({ outcome: 'incomplete', failures: [failure(), failure({ engine: ENGINE })] });
    fc.assert(
      fc.property(poison([report({ unproven }), incomplete]), (reports) => {
        for (const summary of reports.map(summarizeReport)) {
          assertSafe(summary);
          assert.ok(!summary.includes('\n'));
        }
      }),
    );
  });
});

describe('toSentence', () => {
  it('adds a full stop where a message has none', () => {
    assert.equal(toSentence('Airflow main: connection refused'), 'Airflow main: connection refused.');
    assert.equal(toSentence('Airflow has no connection a.'), 'Airflow has no connection a.');
    assert.equal(toSentence('did you mean b?'), 'did you mean b?');
  });
});

function withoutPlace({ store: _store, registry: _registry, ...rest }: FailureReport): FailureReport {
  return { ...rest, count: 0, connections: [] };
}
