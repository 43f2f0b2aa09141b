import assert from 'node:assert/strict';
import { sessionLifeChecks, tokenLifeChecks } from '../../src/doctor/check-token-life.js';
import type { TokenReport } from '../../src/refresh/report.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { refreshedReport } from '../golden/sample-reports.js';

/** Every 4 h with a jitter of 5 min. */
const { schedule } = fakeConfig();
const ISSUED_AT = '2026-01-01T00:00:00.000Z';

function outcomesOf(expiresAt: string): string[] {
  return tokenLifeChecks('token a', { issuedAt: ISSUED_AT, expiresAt }, schedule).map(
    ({ outcome }) => outcome,
  );
}

async function findSessions(changes: Partial<TokenReport>): Promise<string[]> {
  const report = await refreshedReport();
  const tokens = report.tokens.map((token) => ({ ...token, issuedAt: ISSUED_AT, ...changes }));
  return sessionLifeChecks({ ...report, tokens }, schedule).map(({ message }) => message);
}

describe('the life of tokens in doctor', () => {
  it('fails for a token that expires before the next run can replace it', () => {
    assert.deepEqual(outcomesOf('2026-01-01T04:09:59.000Z'), ['failed']);
    assert.deepEqual(outcomesOf('2026-01-01T04:10:00.000Z'), []);
  });

  it('fails for a session that ends too early only where tokens are known to end with it', async () => {
    const short = { usableUntil: '2026-01-01T01:00:00.000Z' };
    assert.deepEqual(await findSessions({ ...short, outlivesSession: null }), []);
    assert.deepEqual(await findSessions({ ...short, outlivesSession: true }), []);
    assert.deepEqual(await findSessions({ ...short, outlivesSession: false }), [
      'the registry rejects them after 1 h, before the next run',
    ]);
    assert.deepEqual(
      await findSessions({ usableUntil: '2026-01-01T12:00:00.000Z', outlivesSession: false }),
      [],
    );
  });
});
