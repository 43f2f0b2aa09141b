import assert from 'node:assert/strict';
import type { RefreshReport } from '../../src/refresh/report.js';
import { getRemedy, type FailureInfo } from '../../src/refresh/failures.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import type {
  DockerLogin,
  ProbeOutcome,
  TokenInfo,
  UpdateOutcome,
} from '../../src/refresh/activity-types.js';
import { ENGINE, fakeTokenInfo, FINGERPRINT, GROUP, plannedStores, REGISTRY } from '../fakes/fake-steps.js';

const FIRST_START = '2026-01-01T00:00:00.000Z';
const SECOND_START = '2026-01-01T04:00:00.000Z';
const EXPIRES_AT = '2026-01-01T12:00:00.000Z';
const OTHER_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

const FACTS: FailureInfo = {
  type: 'StoreUnreachable',
  scope: 'store',
  message: 'connection refused',
  remedy: getRemedy('StoreUnreachable'),
};
const OTHER_FACTS: FailureInfo = {
  type: 'StoreForbidden',
  scope: 'store',
  message: '403',
  remedy: getRemedy('StoreForbidden'),
};
const UPDATED: UpdateOutcome = {
  written: ['docker_default'],
  refused: [],
  toRetry: [],
  token: fakeTokenInfo(),
};
const OTHER_UPDATED: UpdateOutcome = { ...UPDATED, token: fakeTokenInfo({ fingerprint: 'ba9876543210' }) };
const LOGGED_IN: DockerLogin = {
  engine: ENGINE,
  version: '28.0.0',
  registry: REGISTRY,
  login: 'ok',
  fingerprint: FINGERPRINT,
};

function start(at: string, previous?: RefreshReport): ReportBuilder {
  return new ReportBuilder('run', new Date(at), previous);
}

/** The report of a run of 5 s. */
function run(
  fill: (record: ReportBuilder) => void,
  at = FIRST_START,
  previous?: RefreshReport,
): RefreshReport {
  const record = start(at, previous);
  record.plan({ configHash: '0123456789ab', stores: plannedStores('main') });
  fill(record);
  return record.report(new Date(Date.parse(at) + 5000));
}

function toTokenInfo(changes: Partial<TokenInfo> = {}): TokenInfo {
  return {
    group: GROUP,
    region: 'us-east-1',
    principalArn: null,
    issuedAt: FIRST_START,
    expiresAt: EXPIRES_AT,
    fingerprint: FINGERPRINT,
    probes: [{ registry: REGISTRY, outcome: 'accepted' }],
    ...changes,
  };
}

const refreshedRun = (): RefreshReport =>
  run((record) => record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START)));

describe('ReportBuilder', () => {
  it('has the outcome refreshed when nothing failed', () => {
    const report = refreshedRun();
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.stores, [
      {
        store: 'main',
        kind: 'airflow',
        registry: REGISTRY,
        refreshed: 1,
        failed: 0,
        fingerprint: FINGERPRINT,
        expiresAt: EXPIRES_AT,
        usableUntil: EXPIRES_AT,
        outlivesSession: null,
        principalArn: fakeTokenInfo().principalArn,
        lastRefreshedAt: FIRST_START,
      },
    ]);
    assert.deepEqual([report.startedAt, report.finishedAt], [FIRST_START, '2026-01-01T00:00:05.000Z']);
  });

  it('has the outcome incomplete when anything failed', () =>
    assert.equal(
      run((record) => record.fail({ stage: 'test', registry: REGISTRY }, FACTS)).outcome,
      'incomplete',
    ));

  it('adds up the chunks of one store and registry', () => {
    const [row] = run((record) => {
      record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
      record.updated('main', REGISTRY, { ...UPDATED, written: ['a', 'b'] }, new Date(SECOND_START));
      record.fail({ stage: 'update', store: 'main', registry: REGISTRY, connections: ['c'] }, FACTS);
    }).stores;
    assert.deepEqual([row?.refreshed, row?.failed, row?.lastRefreshedAt], [3, 1, SECOND_START]);
  });

  it('does not count a failed Docker test as a failed connection', () => {
    const report = run((record) => {
      record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
      record.fail(
        { stage: 'test', store: 'main', registry: REGISTRY, connections: ['docker_default'] },
        FACTS,
      );
    });
    assert.equal(report.stores[0]?.failed, 0);
  });

  it('carries forward the last refresh of a connection that now fails', () => {
    const second = run(
      (record) => {
        record.expect('main', REGISTRY);
        record.fail({ stage: 'update', store: 'main', registry: REGISTRY, connections: ['a'] }, FACTS);
      },
      SECOND_START,
      refreshedRun(),
    );
    const [row] = second.stores;
    assert.deepEqual(
      [row?.refreshed, row?.failed, row?.fingerprint, row?.expiresAt, row?.lastRefreshedAt],
      [0, 1, FINGERPRINT, EXPIRES_AT, FIRST_START],
    );
  });

  it('does not count an update that wrote nothing as a refresh', () => {
    const second = run(
      (record) => record.updated('main', REGISTRY, { ...OTHER_UPDATED, written: [] }, new Date(SECOND_START)),
      SECOND_START,
      refreshedRun(),
    );
    assert.deepEqual(second.stores, []);
  });

  it('carries forward the rows of a store that could not be read, but not of other stores', () => {
    const first = run((record) => {
      record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
      record.updated('main', OTHER_REGISTRY, UPDATED, new Date(FIRST_START));
      record.updated('gone', REGISTRY, UPDATED, new Date(FIRST_START));
    });
    const second = run((record) => record.carryStore('main'), SECOND_START, first);
    assert.deepEqual(
      second.stores.map(({ store, registry, refreshed, lastRefreshedAt }) => [
        store,
        registry,
        refreshed,
        lastRefreshedAt,
      ]),
      [
        ['main', REGISTRY, 0, FIRST_START],
        ['main', OTHER_REGISTRY, 0, FIRST_START],
      ],
    );
  });

  it('drops the rows of registries that are no longer in the plan', () => {
    const second = run((record) => record.expect('main', OTHER_REGISTRY), SECOND_START, refreshedRun());
    assert.deepEqual(
      second.stores.map(({ registry, lastRefreshedAt }) => [registry, lastRefreshedAt]),
      [[OTHER_REGISTRY, null]],
    );
  });

  it('keeps failingSince of a place over three runs that fail for different reasons', () => {
    const place = { stage: 'update', store: 'main', registry: REGISTRY } as const;
    const first = run((record) => record.fail(place, FACTS));
    const second = run((record) => record.fail(place, OTHER_FACTS), SECOND_START, first);
    const third = run((record) => record.fail(place, FACTS), '2026-01-01T08:00:00.000Z', second);
    assert.deepEqual(
      [first, second, third].map((report) => report.failures[0]?.failingSince),
      [FIRST_START, FIRST_START, FIRST_START],
    );
  });

  it('resets failingSince after a run in which the place did not fail', () => {
    const place = { stage: 'update', store: 'main', registry: REGISTRY } as const;
    const first = run((record) => record.fail({ ...place, store: 'other' }, FACTS));
    const second = run((record) => record.fail(place, FACTS), SECOND_START, first);
    assert.equal(second.failures[0]?.failingSince, SECOND_START);
    const third = run((record) => record.fail(place, FACTS), '2026-01-01T08:00:00.000Z', refreshedRun());
    assert.equal(third.failures[0]?.failingSince, '2026-01-01T08:00:00.000Z');
  });

  it('keeps failingSince of two engines separately', () => {
    const place = { stage: 'test', registry: REGISTRY, engine: 'unix:///a.sock' } as const;
    const other = { ...place, engine: 'unix:///b.sock' } as const;
    const first = run((record) => record.fail(place, FACTS));
    const second = run(
      (record) => [place, other].forEach((one) => record.fail(one, FACTS)),
      SECOND_START,
      first,
    );
    assert.deepEqual(
      second.failures.map(({ engine, failingSince }) => [engine, failingSince]),
      [
        [place.engine, FIRST_START],
        [other.engine, SECOND_START],
      ],
    );
  });

  it('shows each warning once', () =>
    assert.deepEqual(
      run((record) => {
        record.warn('one');
        record.warn('one');
      }).warnings,
      ['one'],
    ));

  it('shows a token that was extracted twice once, with all its registries and the worst result', () => {
    const report = run((record) => {
      record.token(toTokenInfo());
      record.token(toTokenInfo({ probes: [{ registry: OTHER_REGISTRY, outcome: 'rejected' }] }));
    });
    assert.deepEqual(
      report.tokens.map(({ registries, check }) => [registries, check]),
      [[[REGISTRY, OTHER_REGISTRY], 'rejected']],
    );
  });

  it('ranks rejected before unreachable, inconclusive and accepted', () => {
    const probe = (...outcomes: ProbeOutcome[]) =>
      run((record) =>
        record.token(toTokenInfo({ probes: outcomes.map((outcome) => ({ registry: REGISTRY, outcome })) })),
      ).tokens[0]?.check;
    assert.equal(probe('accepted', 'inconclusive'), 'inconclusive');
    assert.equal(probe('inconclusive', 'unreachable', 'accepted'), 'unreachable');
    assert.equal(probe('unreachable', 'inconclusive', 'rejected', 'accepted'), 'rejected');
    assert.equal(probe(), 'unreachable');
  });

  it('shows the warnings of a token once when it was extracted and written', () => {
    const facts = toTokenInfo({ warnings: ['short', 'clock'] });
    const { warnings } = run((record) => {
      record.token(facts);
      record.updated('main', REGISTRY, { ...UPDATED, token: facts }, new Date(FIRST_START));
    });
    assert.deepEqual(warnings, ['short', 'clock']);
  });

  it('does not warn when the tested token is the one that was written', () =>
    assert.deepEqual(
      run((record) => {
        record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
        record.recordLogin(LOGGED_IN);
      }).warnings,
      [],
    ));

  it('warns when the tested token is not the one that was written', () => {
    const { warnings } = run((record) => {
      record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
      record.recordLogin({ ...LOGGED_IN, fingerprint: 'ba9876543210' });
    });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /another worker's token \(ba9876543210\), not the one that was written/);
  });

  it('warns when the tested token was written only for another registry', () =>
    assert.equal(
      run((record) => {
        record.updated('main', OTHER_REGISTRY, UPDATED, new Date(FIRST_START));
        record.recordLogin(LOGGED_IN);
      }).warnings.length,
      1,
    ));

  it('does not warn when the tested token was written to only some connections', () => {
    const { warnings } = run((record) => {
      record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
      record.updated('main', REGISTRY, OTHER_UPDATED, new Date(FIRST_START));
      record.recordLogin(LOGGED_IN);
    });
    assert.deepEqual(warnings, []);
  });

  it('shows an extracted and written token once, and a token that was only written', () => {
    const other = toTokenInfo({ fingerprint: 'ba9876543210' });
    const { tokens, warnings } = run((record) => {
      record.token(toTokenInfo());
      record.updated('main', REGISTRY, { ...UPDATED, token: toTokenInfo() }, new Date(FIRST_START));
      record.updated('main', REGISTRY, { ...UPDATED, token: other }, new Date(FIRST_START));
    });
    assert.deepEqual(
      tokens.map(({ fingerprint, registries }) => [fingerprint, registries]),
      [
        [FINGERPRINT, [REGISTRY]],
        ['ba9876543210', [REGISTRY]],
      ],
    );
    assert.deepEqual(warnings, []);
  });

  it('shows the token that expires first when one store and registry received two', () => {
    const later: UpdateOutcome = {
      ...UPDATED,
      token: fakeTokenInfo({ fingerprint: 'ba9876543210', expiresAt: '2026-01-01T15:00:00.000Z' }),
    };
    for (const outcomes of [
      [UPDATED, later],
      [later, UPDATED],
    ]) {
      const [row] = run((record) => {
        for (const outcome of outcomes) record.updated('main', REGISTRY, outcome, new Date(FIRST_START));
      }).stores;
      assert.deepEqual([row?.refreshed, row?.fingerprint, row?.expiresAt], [2, FINGERPRINT, EXPIRES_AT]);
    }
  });

  it('shows the token of this run even if that of an earlier run expires first', () => {
    const token = fakeTokenInfo({ fingerprint: 'ba9876543210', expiresAt: '2026-01-01T16:00:00.000Z' });
    const [row] = run(
      (record) => record.updated('main', REGISTRY, { ...UPDATED, token }, new Date(SECOND_START)),
      SECOND_START,
      refreshedRun(),
    ).stores;
    assert.deepEqual([row?.fingerprint, row?.expiresAt], [token.fingerprint, token.expiresAt]);
  });

  describe('warnings of Docker login tests', () => {
    const getWarnings = (login: DockerLogin): readonly string[] =>
      run((record) => {
        record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
        record.recordLogin(login);
      }).warnings;
    const ABSENT: DockerLogin = { ...LOGGED_IN, version: null, login: 'none', fingerprint: null };

    for (const { title, login, warning } of [
      {
        title: 'a missing engine',
        login: ABSENT,
        warning: `No Docker Engine at ${ENGINE}: the login from Docker was not tested.`,
      },
      {
        title: 'a missing engine with the reason',
        login: { ...ABSENT, reason: 'no socket' },
        warning: `No Docker Engine at ${ENGINE} (no socket): the login from Docker was not tested.`,
      },
      {
        title: 'a skipped login with the reason',
        login: { ...ABSENT, version: '28.0.0', reason: 'the registry could not be reached' },
        warning: `The login from ${ENGINE} to ${REGISTRY} was not tested (the registry could not be reached).`,
      },
      {
        title: 'a login that also accepts a wrong password',
        login: { ...LOGGED_IN, login: 'inconclusive' },
        warning: `The login test from ${ENGINE} to ${REGISTRY} is inconclusive: the registry also accepts a wrong password.`,
      },
    ] as const) {
      it(`show ${title}`, () => assert.deepEqual(getWarnings(login), [warning]));
    }

    it('show a missing engine once for all registries', () => {
      const { warnings, docker } = run((record) => {
        record.recordLogin(ABSENT);
        record.recordLogin({ ...ABSENT, registry: OTHER_REGISTRY });
      });
      assert.equal(warnings.length, 1);
      assert.equal(docker.length, 2);
    });

    it('omit a rejected login, which is a failure', () =>
      assert.deepEqual(run((record) => record.recordRejectedLogin(ENGINE, REGISTRY)).warnings, []));
  });

  it('shows both tokens when two updates wrote different ones', () => {
    const { tokens, stores, warnings } = run((record) => {
      record.updated('main', REGISTRY, UPDATED, new Date(FIRST_START));
      record.updated('main', REGISTRY, OTHER_UPDATED, new Date(FIRST_START));
    });
    assert.deepEqual(
      tokens.map(({ fingerprint }) => fingerprint),
      [FINGERPRINT, 'ba9876543210'],
    );
    assert.deepEqual([stores[0]?.refreshed, warnings], [2, []]);
  });
});

describe('ReportBuilder: tokens whose AWS session ends before they expire', () => {
  const RELIABLE_UNTIL = '2026-01-01T01:00:00.000Z';
  const ARN = 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test';
  const facts = toTokenInfo({ principalArn: ARN, usableUntil: RELIABLE_UNTIL });
  const written: UpdateOutcome = { ...UPDATED, token: facts };
  const firstRun = (): RefreshReport =>
    run((record) => record.updated('main', REGISTRY, written, new Date(FIRST_START)));

  it('shows usableUntil and the principal for tokens and stores', () => {
    const { tokens, stores } = firstRun();
    assert.deepEqual(
      [...tokens, ...stores].map(({ expiresAt, usableUntil, principalArn }) => [
        expiresAt,
        usableUntil,
        principalArn,
      ]),
      [
        [EXPIRES_AT, RELIABLE_UNTIL, ARN],
        [EXPIRES_AT, RELIABLE_UNTIL, ARN],
      ],
    );
  });

  it('shows the expiry as usableUntil when no session ends earlier', () => {
    const { tokens } = run((record) => record.token(toTokenInfo()));
    assert.equal(tokens[0]?.usableUntil, EXPIRES_AT);
  });

  it('carries usableUntil and the principal forward from the previous run', () => {
    const { stores } = run((record) => record.expect('main', REGISTRY), SECOND_START, firstRun());
    assert.deepEqual(stores, [
      {
        store: 'main',
        kind: 'airflow',
        registry: REGISTRY,
        refreshed: 0,
        failed: 0,
        fingerprint: FINGERPRINT,
        expiresAt: EXPIRES_AT,
        usableUntil: RELIABLE_UNTIL,
        outlivesSession: null,
        principalArn: ARN,
        lastRefreshedAt: FIRST_START,
      },
    ]);
  });

  it('has null values in a row that was never refreshed', () => {
    const [row] = run((record) => record.expect('main', REGISTRY)).stores;
    assert.deepEqual([row?.expiresAt, row?.usableUntil, row?.principalArn], [null, null, null]);
  });

  it('shows the token with the earlier usableUntil of two, even if it expires later', () => {
    const later: UpdateOutcome = {
      ...UPDATED,
      token: toTokenInfo({
        fingerprint: 'ba9876543210',
        expiresAt: '2026-01-01T13:00:00.000Z',
        usableUntil: RELIABLE_UNTIL,
      }),
    };
    for (const outcomes of [
      [UPDATED, later],
      [later, UPDATED],
    ]) {
      const [row] = run((record) => {
        for (const outcome of outcomes) record.updated('main', REGISTRY, outcome, new Date(FIRST_START));
      }).stores;
      assert.deepEqual(
        [row?.refreshed, row?.fingerprint, row?.usableUntil],
        [2, 'ba9876543210', RELIABLE_UNTIL],
      );
    }
  });
});
