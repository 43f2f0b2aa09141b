// Whether tokens outlive the session of their role, with stand-ins for AWS and the registry: requests are real, and the
// clock of the process is advanced.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProbedToken } from '../../src/ecr/port.js';
import { TokenCache } from '../../src/ecr/token-cache.js';
import { createHttpClient } from '../../src/net/http.js';
import type { Principal } from '../../src/refresh/token-group.js';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import { createTokenVerifier } from '../../src/verify/registry/verify-token.js';
import { groupOf, REGION, role, startAwsFixture, type AwsFixture } from '../aws/aws-fixture.js';
import { anySignal } from '../support/local-server.js';
import { startRegistry, type Registry } from '../support/registry.js';

const HOUR_MS = 3_600_000;
const PRINCIPAL = role('pull');

describe('whether tokens outlive their AWS session', () => {
  let fixture: AwsFixture;
  let registry: Registry;
  let folder: string;
  let cache: TokenCache;
  let runs: number;

  beforeEach(async () => {
    fixture = await startAwsFixture();
    folder = mkdtempSync(join(tmpdir(), 'session-checks-'));
    registry = await startRegistry({ aws: fixture.aws, stateFolder: folder, storage: false });
    cache = createCache();
    runs = 0;
  });

  afterEach(async () => {
    await registry.stop();
    await fixture.stop();
    rmSync(folder, { recursive: true });
  });

  function createCache(): TokenCache {
    const now = (): Date => new Date(Date.now());
    const http = createHttpClient({ version: 'test' });
    return new TokenCache({
      issuer: fixture.issuer,
      verify: createTokenVerifier(http, new NegativeCheckCache(now)),
      now,
    });
  }

  /** Another run, which gets a token. */
  async function run(hoursLater = 4, principal: Principal = PRINCIPAL): Promise<boolean | undefined> {
    fixture.advance(hoursLater * HOUR_MS);
    runs += 1;
    await take(principal);
    return cache.getOutlivesSession(groupOf(principal, REGION));
  }

  function take(principal: Principal): Promise<ProbedToken> {
    const attempt = { runId: `run-${runs}`, signal: anySignal() };
    return cache.take(attempt, groupOf(principal, REGION), registry.host, []);
  }

  /** The tokens that the registry was asked about, by their order of issue, since the last call. */
  function listShown(): number[] {
    const shown = registry.requests.splice(0).map(({ password }) => password);
    return fixture.aws.issued.flatMap(({ password }, index) => (shown.includes(password) ? [index + 1] : []));
  }

  it('is not known in the first run', async () => {
    assert.equal(await run(), undefined);
    assert.deepEqual(listShown(), [1]);
  });

  it('is true when the registry accepts a token after the end of its session', async () => {
    await run();
    listShown();
    assert.equal(await run(), true);
    assert.deepEqual(listShown(), [1, 2]);
  });

  it('is false when the registry rejects it then, and accepts the new one', async () => {
    fixture.aws.endTokensWithSession(true);
    await run();
    assert.equal(await run(), false);
    assert.equal(await run(), false);
  });

  it('is checked once in a run, without a call of ECR', async () => {
    await run();
    await run();
    listShown();
    await take(PRINCIPAL);
    assert.deepEqual(listShown(), []);
    assert.equal(fixture.count('GetAuthorizationToken'), 2);
  });

  it('is not checked before the session has ended, and then in a later run', async () => {
    await run();
    assert.equal(await run(0.5), undefined);
    assert.equal(await run(0.5), undefined);
    listShown();
    assert.equal(await run(0.5), true);
    assert.deepEqual(listShown(), [1, 4]);
  });

  it('is not checked with a token that has expired', async () => {
    await run();
    listShown();
    assert.equal(await run(12), undefined);
    assert.deepEqual(listShown(), [2]);
  });

  it('is not checked for a session that lasts as long as the token', async () => {
    fixture.aws.setSessionLife(43_200);
    await run();
    assert.equal(await run(), undefined);
  });

  it('is not checked for access keys, which do not expire', async () => {
    const keys: Principal = { kind: 'default', name: 'default' };
    await run(4, keys);
    listShown();
    assert.equal(await run(4, keys), undefined);
    assert.deepEqual(listShown(), [2]);
  });

  it('is not known to a worker that did not get the previous token', async () => {
    await run();
    cache = createCache();
    assert.equal(await run(), undefined);
  });

  for (const { title, fault } of [
    { title: 'is unreachable', fault: { drop: true } },
    { title: 'throttles', fault: { status: 429 } },
    { title: 'returns a server error', fault: { status: 503 } },
  ] as const) {
    it(`stays unknown when the registry ${title}`, async () => {
      await run();
      const [first] = fixture.aws.issued;
      registry.setFault(({ password }) => (password === first?.password ? fault : undefined));
      assert.equal(await run(), undefined);
    });
  }

  it('stays unknown when the registry rejects the earlier token and then the new one, too', async () => {
    await run();
    const [first] = fixture.aws.issued;
    let isClosed = false;
    registry.setFault(({ password }) => {
      isClosed ||= password === first?.password;
      const body = { errors: [{ code: 'DENIED', message: 'denied' }] };
      return isClosed && password !== undefined ? { status: 403, body } : undefined;
    });
    assert.equal(await run(), undefined);
  });

  it('stays unknown when the registry accepts any password', async () => {
    await run();
    cache = createCache();
    registry.acceptAnything();
    await run();
    assert.equal(await run(), undefined);
  });

  it('is not checked with a token of another role, which may no longer exist', async () => {
    const profile: Principal = { kind: 'profile', name: 'profile:team', profile: 'team' };
    const config = (name: string): string =>
      `[profile team]\nrole_arn = arn:aws:iam::111122223333:role/${name}\ncredential_source = Environment\n`;
    fixture.write('config', config('old'));
    await run(4, profile);
    fixture.write('config', config('new'));
    listShown();
    assert.equal(await run(4, profile), undefined);
    assert.deepEqual(listShown(), [2]);
  });
});
