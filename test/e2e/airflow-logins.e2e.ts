// Every way to log in to Airflow, as users configure it, with `refresh-once` and `doctor`. One configuration has them
// all, each with its own Airflow instance, so that one cannot help or hide another.
import assert from 'node:assert/strict';
import type { FailureType } from '../../src/refresh/failures.js';
import { startGateway } from './gateway.js';
import type { CommandResult } from './run-command-line.js';
import { CONNECTION, startLoginFixture, WAYS, type LoginFixture, type Way } from './login-fixture.js';

/** The failure that a wrong credential causes, and what its remedy names. */
const WRONG: Readonly<Record<Way, { type: FailureType; message: RegExp; remedy: RegExp }>> = {
  password: {
    type: 'StoreUnauthorized',
    message: /401 on login: the user name or password was rejected/,
    remedy: /password/,
  },
  basic: {
    type: 'StoreUnauthorized',
    message: /401 on login: the user name or password was rejected, or `\[api\] auth_backends`/,
    remedy: /password/,
  },
  'token-request': {
    type: 'StoreUnauthorized',
    message: /403 on login: `auth\.tokenRequest` was rejected/,
    remedy: /the secret that `auth\.tokenRequest` refers to/,
  },
  token: {
    type: 'StoreUnauthorized',
    message: /403 on GET connection docker_default: the token was rejected/,
    remedy: /token/,
  },
  mwaa: { type: 'AwsCredentialsRejected', message: /AWS/, remedy: /credentials/ },
  'sub-path': {
    type: 'StoreUnauthorized',
    message: /401 on login: the user name or password was rejected/,
    remedy: /password/,
  },
  header: {
    type: 'StoreUnavailable',
    message: /401 on GET version: this 401 is not from Airflow; check for a proxy/,
    remedy: /headers/,
  },
  'custom-ca': { type: 'StoreUnreachable', message: /TLS: self-signed certificate/, remedy: /`caFile`/ },
};
const MWAA_REJECTION = {
  status: 403,
  headers: { 'x-amzn-ErrorType': 'UnrecognizedClientException' },
  body: { message: 'The security token included in the request is invalid.' },
};

describe('logins to Airflow', function () {
  this.timeout(120_000);
  let fixture: LoginFixture;

  before(async () => {
    fixture = await startLoginFixture();
  });

  after(() => fixture.stop());

  describe('with valid credentials', () => {
    const rows = new Map<Way, object>();
    let run: Awaited<ReturnType<LoginFixture['refreshOnce']>>;
    let doctor: CommandResult;

    before(async () => {
      fixture.writeConfig();
      await fixture.writePasswords();
      const env = fixture.setCredentials(fixture.right);
      for (const way of WAYS) rows.set(way, fixture.readConnections(way));
      doctor = await fixture.command(['doctor'], env);
      for (const way of WAYS)
        assert.deepEqual(fixture.readConnections(way), rows.get(way), 'doctor changed a connection');
      run = await fixture.refreshOnce(env);
    });

    it('refreshes all Airflow instances in one run', () => {
      assert.deepEqual(run.report.failures, []);
      assert.equal(run.code, 0);
      assert.equal(run.report.stores.length, WAYS.length);
    });

    for (const way of WAYS) {
      it(`${way}: changes only the password, and doctor reports the connection as writable`, () => {
        const password = fixture.getAirflow(way).connections.get(CONNECTION)?.password ?? '';
        assert.equal(fixture.aws.check(password), 'valid');
        const [row] = Object.values(rows.get(way) ?? {}) as object[];
        assert.deepEqual(fixture.readConnections(way), { [CONNECTION]: { ...row, password } });
        assert.match(
          doctor.stdout,
          new RegExp(`^ok +Airflow ${way}: login succeeded, connections can be read`, 'm'),
        );
        assert.match(doctor.stdout, new RegExp(`^ok +connection ${CONNECTION} of ${way}: is valid`, 'm'));
      });
    }

    it('sends user name and password with each request to Airflow 2, and requests no JWT', () => {
      const { requests } = fixture.getAirflow('basic');
      const basic = `Basic ${Buffer.from(`ecr-refresh:${fixture.right.password}`).toString('base64')}`;
      const given = new Set(requests.map(({ headers }) => headers['authorization']));
      assert.deepEqual(given, new Set([undefined, basic]), 'unexpected Authorization headers');
      assert.ok(!requests.some(({ path }) => path === '/auth/token'));
    });

    it('shows in doctor which AWS principal called MWAA', () => {
      assert.match(doctor.stdout, /^ok +identity: .* arn:aws:\S+ for Airflow mwaa[,.]/m);
    });

    it('calls MWAA at AWS_ENDPOINT_URL_MWAA, or else at AWS_ENDPOINT_URL', async () => {
      const callsBefore = fixture.mwaa.calls.length;
      const environments = new Set(
        fixture.mwaa.calls.map(({ environment, region }) => `${environment} ${region}`),
      );
      assert.deepEqual(environments, new Set(['production eu-west-1']));
      fixture.writeConfig({ ways: ['mwaa'] });
      const { AWS_ENDPOINT_URL_MWAA: endpoint, ...env } = fixture.setCredentials(fixture.right);
      const { code, report } = await fixture.refreshOnce({ ...env, AWS_ENDPOINT_URL: endpoint });
      assert.deepEqual([code, report.failures], [0, []]);
      assert.ok(fixture.mwaa.calls.length > callsBefore);
    });
  });

  describe('with invalid credentials', () => {
    const rows = new Map<Way, object>();
    let run: Awaited<ReturnType<LoginFixture['refreshOnce']>>;
    let doctor: CommandResult;

    before(async () => {
      // A certificate is not a credential, but without its CA the Airflow cannot be authenticated.
      fixture.writeConfig({ hasCaFile: false });
      await fixture.writePasswords(fixture.wrong.key);
      fixture.mwaa.setFault(() => MWAA_REJECTION);
      const env = fixture.setCredentials(fixture.wrong);
      for (const way of WAYS) rows.set(way, fixture.readConnections(way));
      [run, doctor] = await Promise.all([fixture.refreshOnce(env), fixture.command(['doctor'], env)]);
    });

    after(() => fixture.mwaa.setFault(undefined));

    it('exits with 1, and gets no ECR token', () => {
      assert.deepEqual([run.code, doctor.code], [1, 1]);
      assert.equal(run.report.outcome, 'incomplete');
      assert.deepEqual(run.report.tokens, []);
    });

    for (const way of WAYS) {
      it(`${way}: reports where it failed and the fix, and changes nothing`, () => {
        const { type, message, remedy } = WRONG[way];
        const failures = run.report.failures.filter(({ store }) => store === way);
        const [failure] = failures;
        assert.deepEqual(
          failures.map((one) => [one.type, one.stage]),
          [[type, 'inspect']],
        );
        assert.match(failure?.message ?? '', message);
        assert.match(failure?.remedy ?? '', remedy);
        const line = new RegExp(`^FAILED +Airflow ${way}: ${type}: .+\n +Fix: .+`, 'm');
        assert.match(doctor.stdout, line);
        assert.deepEqual(fixture.readConnections(way), rows.get(way));
      });
    }
  });

  it('reads the token file again when Airflow rejects the token during a run', async () => {
    fixture.writeConfig({ ways: ['token'] });
    await fixture.writePasswords();
    const airflow = fixture.getAirflow('token');
    const requestsBefore = airflow.requests.length;
    let isReplaced = false;
    airflow.setFault(({ method }) => {
      if (isReplaced || method !== 'PATCH') return undefined;
      isReplaced = true;
      airflow.rotateJwtSecret();
      return { until: fixture.writePasswords() };
    });
    const { code, report } = await fixture.refreshOnce(fixture.setCredentials(fixture.right));
    airflow.setFault(undefined);
    assert.deepEqual([code, report.failures], [0, []]);
    const writes = airflow.requests.slice(requestsBefore).filter(({ method }) => method === 'PATCH');
    assert.deepEqual(
      writes.map(({ status }) => status),
      // Another API server may have signed the token, so it is sent three times.
      [403, 403, 403, 200],
    );
    assert.equal(airflow.connections.get(CONNECTION)?.password, fixture.aws.issued.at(-1)?.password);
  });

  it('names a proxy in front of Airflow as the cause of a 403 that is not from Airflow', async () => {
    const strict = await startGateway({ upstream: fixture.getAirflow('header').url, allows: () => false });
    fixture.writeConfig({ ways: ['header'], headerUrl: strict.url });
    const rows = fixture.readConnections('header');
    const { code, report } = await fixture.refreshOnce(fixture.setCredentials(fixture.right));
    await strict.stop();
    assert.equal(code, 1);
    const [failure] = report.failures;
    assert.equal(failure?.type, 'StoreUnavailable');
    assert.match(failure.message, /this 403 is not from Airflow; check for a proxy in front of it/);
    assert.match(failure.remedy, /headers/);
    assert.deepEqual(fixture.readConnections('header'), rows);
  });
});
