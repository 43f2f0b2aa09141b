// Every way to sign in to an Airflow, as users configure it and through their commands: `refresh-once` and `doctor`.
// One configuration has them all, each with an Airflow of its own, so that one cannot help or hide another.
import assert from 'node:assert/strict';
import type { FailureType } from '../../src/refresh/failures.js';
import { startGateway } from './gateway.js';
import type { CommandResult } from './run-command-line.js';
import { CONNECTION, startLoginFixture, WAYS, type LoginFixture, type Way } from './login-fixture.js';

/** What a wrong credential leads to, and what the remedy tells to look at. */
const WRONG: Readonly<Record<Way, { type: FailureType; message: RegExp; remedy: RegExp }>> = {
  password: {
    type: 'StoreUnauthorized',
    message: /401 on login: rejected user name or password/,
    remedy: /password/,
  },
  basic: {
    type: 'StoreUnauthorized',
    message: /401 on login: rejected user name or password, or `\[api\] auth_backends`/,
    remedy: /password/,
  },
  token: {
    type: 'StoreUnauthorized',
    message: /403 on GET connection docker_default: rejected the token/,
    remedy: /token/,
  },
  mwaa: { type: 'AwsCredentialsRejected', message: /AWS/, remedy: /credentials/ },
  'sub-path': {
    type: 'StoreUnauthorized',
    message: /401 on login: rejected user name or password/,
    remedy: /password/,
  },
  header: {
    type: 'StoreUnavailable',
    message: /401 on GET version: this 401 is not from Airflow; check for a proxy/,
    remedy: /headers/,
  },
  'own-ca': { type: 'StoreUnreachable', message: /TLS: self-signed certificate/, remedy: /`caFile`/ },
};
const MWAA_REFUSAL = {
  status: 403,
  headers: { 'x-amzn-ErrorType': 'UnrecognizedClientException' },
  body: { message: 'The security token included in the request is invalid.' },
};

describe('the ways to sign in to an Airflow', function () {
  this.timeout(120_000);
  let fixture: LoginFixture;

  before(async () => {
    fixture = await startLoginFixture();
  });

  after(() => fixture.stop());

  describe('with right credentials', () => {
    const rows = new Map<Way, object>();
    let run: Awaited<ReturnType<LoginFixture['refreshOnce']>>;
    let doctor: CommandResult;

    before(async () => {
      fixture.writeConfig();
      await fixture.writePasswords();
      const env = fixture.give(fixture.right);
      for (const way of WAYS) rows.set(way, fixture.stored(way));
      doctor = await fixture.command(['doctor'], env);
      for (const way of WAYS) assert.deepEqual(fixture.stored(way), rows.get(way), 'doctor changes nothing');
      run = await fixture.refreshOnce(env);
    });

    it('refreshes all of them in one run', () => {
      assert.deepEqual(run.report.failures, []);
      assert.equal(run.code, 0);
      assert.equal(run.report.stores.length, WAYS.length);
    });

    for (const way of WAYS) {
      it(`writes the password and nothing else by ${way}, and doctor says that it may`, () => {
        const password = fixture.of(way).connections.get(CONNECTION)?.password ?? '';
        assert.equal(fixture.aws.check(password), 'valid');
        const [row] = Object.values(rows.get(way) ?? {}) as object[];
        assert.deepEqual(fixture.stored(way), { [CONNECTION]: { ...row, password } });
        assert.match(doctor.stdout, new RegExp(`^ok +Airflow ${way}: signed in, and may read`, 'm'));
        assert.match(
          doctor.stdout,
          new RegExp(`^ok +connection ${CONNECTION} of ${way}: may be written`, 'm'),
        );
      });
    }

    it('signs in to Airflow 2 by user and password on each request, and asks it for no JWT', () => {
      const { requests } = fixture.of('basic');
      const basic = `Basic ${Buffer.from(`ecr-refresh:${fixture.right.password}`).toString('base64')}`;
      const given = new Set(requests.map(({ headers }) => headers['authorization']));
      assert.deepEqual(given, new Set([undefined, basic]), 'none for the version alone');
      assert.ok(!requests.some(({ path }) => path === '/auth/token'));
    });

    it('asks MWAA at the endpoint of AWS_ENDPOINT_URL_MWAA, else of AWS_ENDPOINT_URL', async () => {
      const asked = fixture.mwaa.calls.length;
      const places = new Set(fixture.mwaa.calls.map(({ environment, region }) => `${environment} ${region}`));
      assert.deepEqual(places, new Set(['production eu-west-1']));
      fixture.writeConfig({ ways: ['mwaa'] });
      const { AWS_ENDPOINT_URL_MWAA: endpoint, ...env } = fixture.give(fixture.right);
      const { code, report } = await fixture.refreshOnce({ ...env, AWS_ENDPOINT_URL: endpoint });
      assert.deepEqual([code, report.failures], [0, []]);
      assert.ok(fixture.mwaa.calls.length > asked);
    });
  });

  describe('with wrong credentials', () => {
    const rows = new Map<Way, object>();
    let run: Awaited<ReturnType<LoginFixture['refreshOnce']>>;
    let doctor: CommandResult;

    before(async () => {
      // A certificate is no credential, but without its authority nobody knows whose Airflow that is.
      fixture.writeConfig({ hasCaFile: false });
      await fixture.writePasswords(fixture.wrong.key);
      fixture.mwaa.setFault(() => MWAA_REFUSAL);
      const env = fixture.give(fixture.wrong);
      for (const way of WAYS) rows.set(way, fixture.stored(way));
      [run, doctor] = await Promise.all([fixture.refreshOnce(env), fixture.command(['doctor'], env)]);
    });

    after(() => fixture.mwaa.setFault(undefined));

    it('exits with 1, and obtains no token for nobody', () => {
      assert.deepEqual([run.code, doctor.code], [1, 1]);
      assert.equal(run.report.outcome, 'incomplete');
      assert.deepEqual(run.report.tokens, []);
    });

    for (const way of WAYS) {
      it(`says of ${way} where it failed and what to do, and changes nothing`, () => {
        const { type, message, remedy } = WRONG[way];
        const failures = run.report.failures.filter(({ store }) => store === way);
        const [failure] = failures;
        assert.deepEqual(
          failures.map((one) => [one.type, one.stage]),
          [[type, 'inspect']],
        );
        assert.match(failure?.message ?? '', message);
        assert.match(failure?.remedy ?? '', remedy);
        const line = new RegExp(`^FAILED +Airflow ${way}: ${type}: .+\n +What to do: .+`, 'm');
        assert.match(doctor.stdout, line);
        assert.deepEqual(fixture.stored(way), rows.get(way));
      });
    }
  });

  it('reads a token file again when Airflow rejects the token in mid-run', async () => {
    fixture.writeConfig({ ways: ['token'] });
    await fixture.writePasswords();
    const airflow = fixture.of('token');
    const asked = airflow.requests.length;
    let isReplaced = false;
    airflow.setFault(({ method }) => {
      if (isReplaced || method !== 'PATCH') return undefined;
      isReplaced = true;
      airflow.rotateJwtSecret();
      return { until: fixture.writePasswords() };
    });
    const { code, report } = await fixture.refreshOnce(fixture.give(fixture.right));
    airflow.setFault(undefined);
    assert.deepEqual([code, report.failures], [0, []]);
    const writes = airflow.requests.slice(asked).filter(({ method }) => method === 'PATCH');
    assert.deepEqual(
      writes.map(({ status }) => status),
      [403, 200],
    );
    assert.equal(airflow.connections.get(CONNECTION)?.password, fixture.aws.issued.at(-1)?.password);
  });

  it("blames what stands before Airflow for a 403 that is not Airflow's own", async () => {
    const strict = await startGateway({ upstream: fixture.of('header').url, admits: () => false });
    fixture.writeConfig({ ways: ['header'], headerUrl: strict.url });
    const rows = fixture.stored('header');
    const { code, report } = await fixture.refreshOnce(fixture.give(fixture.right));
    await strict.stop();
    assert.equal(code, 1);
    const [failure] = report.failures;
    assert.equal(failure?.type, 'StoreForbidden');
    assert.match(failure.message, /check for a proxy or firewall in front of it/);
    assert.match(failure.remedy, /headers/);
    assert.deepEqual(fixture.stored('header'), rows);
  });
});
