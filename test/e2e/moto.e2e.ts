// moto, a third-party AWS emulator, as a second opinion on the token issuer and the commands. What moto does not
// support is tested with our own stand-in for AWS: moto has no ECR Public and does not throttle, its tokens are
// identical and expired in 2015, and by default it denies nothing, does not check external ids, session durations,
// signatures or clocks, and accepts unknown access keys. Without Python the suite is skipped; with CI=true it fails.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startMoto, type Moto } from '../support/moto.js';
import { findPython } from '../../sandbox/python-tools.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { createTokenIssuer } from '../../src/ecr/token-issuer.js';
import type { Check } from '../../src/doctor/check.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { DEFAULT_PRINCIPAL, tokenGroup, type Principal } from '../../src/refresh/token-group.js';
import { anySignal, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine } from './run-command-line.js';

const EXPIRED = /expired at 2015-01-01 00:00 UTC/;
const PULL = 'arn:aws:iam::111122223333:role/team/pull';
const HUB = 'arn:aws:iam::444455556666:role/hub';

describe('moto, a third-party AWS emulator', function () {
  this.timeout(300_000);
  let stateFolder: string;
  let moto: Moto;
  let restore: (() => void) | undefined;

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-moto-'));
    moto = await startMoto({ stateFolder });
    restore = setEnvironment({ ...NO_PROXY_VARIABLES, ...moto.env, HOME: stateFolder });
  });

  after(async () => {
    restore?.();
    await moto?.stop();
    if (stateFolder !== undefined) rmSync(stateFolder, { recursive: true });
  });

  const pull = (via: readonly string[]): Principal => ({
    kind: 'role',
    name: `${PULL}#${via.length}`,
    roleArn: PULL,
    via,
    sessionName: 'night',
    externalId: 'data-platform',
    sessionSeconds: 900,
  });

  function issue(principal: Principal, region = 'us-east-1', service: 'ecr' | 'ecr-public' = 'ecr') {
    const group = tokenGroup(principal, region, { service, fips: false, dualStack: false });
    return createTokenIssuer(new AwsSessions()).issueToken(group, { runId: 'run' }, anySignal());
  }

  describe('with the token issuer', () => {
    it('returns a token of the requested account and region, which expired in 2015', async () => {
      const token = await issue(DEFAULT_PRINCIPAL, 'eu-west-1');
      assert.equal(token.proxyEndpoint, 'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com');
      assert.equal(token.expiresAt?.toISOString(), '2015-01-01T00:00:00.000Z');
      assert.match(Buffer.from(token.authorizationToken?.reveal() ?? '', 'base64').toString(), /^AWS:.+/);
      assert.deepEqual([token.sessionEndsAt, token.clockOffsetMs], [undefined, 0]);
      assert.match(token.principalArn ?? '', /^arn:aws:(?:iam|sts)::123456789012:/);
    });

    for (const via of [[], [HUB], [HUB, 'arn:aws:iam::777788889999:role/spoke']]) {
      it(`returns the principal and session end of a role assumed through ${via.length} other roles`, async () => {
        const { principalArn, proxyEndpoint, sessionEndsAt } = await issue(pull(via));
        // Like AWS, moto omits the path of a role from the ARN of its session.
        assert.equal(principalArn, 'arn:aws:sts::111122223333:assumed-role/pull/night');
        assert.equal(proxyEndpoint, 'https://111122223333.dkr.ecr.us-east-1.amazonaws.com');
        const minutes = ((sessionEndsAt?.getTime() ?? 0) - Date.now()) / 60_000;
        assert.ok(minutes > 14 && minutes <= 15, `${minutes} min`);
      });
    }

    it('returns a token for each registry id in the request, although the product sends none', async () => {
      const ecr = new ECRClient({ region: 'us-east-1' });
      const registryIds = ['210987654321', '111122223333'];
      const { authorizationData = [] } = await ecr.send(new GetAuthorizationTokenCommand({ registryIds }));
      assert.deepEqual(
        authorizationData.map(({ proxyEndpoint }) => proxyEndpoint),
        registryIds.map((id) => `https://${id}.dkr.ecr.us-east-1.amazonaws.com`),
      );
    });

    it('has no ECR Public and returns a server error for it', async () => {
      const restoreEndpoint = setEnvironment({ AWS_ENDPOINT_URL_ECR_PUBLIC: moto.url });
      try {
        const issued = issue(DEFAULT_PRINCIPAL, 'us-east-1', 'ecr-public');
        assert.match(
          (await expectFailure(issued, 'AwsUnavailable', [])).message,
          /^ECR Public in us-east-1: .*500/,
        );
      } finally {
        restoreEndpoint();
      }
    });
  });

  describe('with the commands', () => {
    let airflow: AirflowStandIn;
    let env: NodeJS.ProcessEnv;

    before(async () => {
      const host = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
      const connection = { connection_id: 'docker_default', conn_type: 'docker', host, login: 'AWS' };
      airflow = await startAirflowStandIn({ connections: [{ ...connection, password: 'old' }] });
      const config = join(stateFolder, 'refresh.yaml');
      writeFileSync(
        config,
        `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: op, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
docker: {engines: []}
`,
      );
      const temporal = { TEMPORAL_ADDRESS: '127.0.0.1:1' };
      env = { ...process.env, ...temporal, AIRFLOW_PASSWORD: 'op', ECR_REFRESH_CONFIG: config };
    });
    after(() => airflow.stop());

    it('returns only expired tokens, so that refresh-once writes nothing', async () => {
      const { code, stdout, stderr } = await runCommandLine(['refresh-once', '--json'], env);
      assert.equal(code, 1, stderr);
      const report = JSON.parse(stdout) as RefreshReport;
      assert.deepEqual(
        report.failures.map(({ stage, type, connections }) => [stage, type, connections]),
        [['extract', 'EcrResponseInvalid', ['docker_default']]],
      );
      assert.match(report.failures[0]?.message ?? '', EXPIRED);
      assert.deepEqual(report.tokens, []);
      assert.equal(airflow.connections.get('docker_default')?.password, 'old');
      // The login and the check for overridden connections write nothing.
      const readOnly = ['/auth/token', '/api/v2/connections/test'];
      const writes = airflow.requests.filter(
        ({ method, path }) => method !== 'GET' && !readOnly.includes(path),
      );
      assert.deepEqual(
        writes.map(({ method, path }) => `${method} ${path}`),
        [],
      );
    });

    it('returns expired tokens, and doctor reports their expiry date', async () => {
      const { stdout } = await runCommandLine(['doctor', '--json'], env);
      const { checks } = JSON.parse(stdout) as { checks: Check[] };
      const token = checks.find(({ target }) => target === 'token default/us-east-1');
      assert.equal(token?.outcome, 'failed');
      assert.match(token.message, EXPIRED);
    });
  });

  describe('when stopped', () => {
    it('has exited', async () => {
      await moto.stop();
      assert.throws(() => process.kill(moto.pid, 0), { code: 'ESRCH' });
      await assert.rejects(fetch(moto.url));
    });
  });
});
