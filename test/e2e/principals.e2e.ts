// Registries with five AWS principals, through the commands and a worker: both report which principal each token was
// issued to, until when it is usable, and which principal was denied.
import assert from 'node:assert/strict';
import { throttleFirst } from '../support/aws.js';
import { startContainerCredentials, startInstanceMetadata } from '../support/aws-credentials.js';
import type { Check } from '../../src/doctor/check.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { RefreshStatus } from '../../src/status/status.js';
import {
  ARNS,
  NAMES,
  ROLES,
  startPrincipalsFixture,
  type PrincipalsFixture,
  type RegistryName,
} from './principals-fixture.js';
import type { CommandResult } from './run-command-line.js';

const HOUR_MS = 3_600_000;

describe('registries with five AWS principals', function () {
  this.timeout(180_000);
  let fixture: PrincipalsFixture;
  let config: string;

  before(async () => {
    fixture = await startPrincipalsFixture();
    config = fixture.writeConfig();
  });
  after(() => fixture?.stop());
  afterEach(() => {
    fixture.aws.setFault(undefined);
    fixture.aws.setClockOffset(0);
    fixture.aws.setTokenLife(43_200);
    fixture.aws.setSessionLife(undefined);
  });

  function show(title: string, { stdout, stderr }: CommandResult): void {
    if (process.env['SHOW_OUTPUTS'] !== undefined)
      process.stderr.write(`\n== ${title}\n${stdout}${stderr}\n`);
  }

  async function runJson<T>(
    code: number,
    args: readonly string[],
    more: { config?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<T> {
    const result = await fixture.command(more.config ?? config, [...args, '--json'], more.env);
    assert.equal(result.code, code, result.stdout + result.stderr);
    return JSON.parse(result.stdout) as T;
  }

  async function runText(
    code: number,
    args: readonly string[],
    more: { config?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<string> {
    const result = await fixture.command(more.config ?? config, args, more.env);
    show(args.join(' '), result);
    assert.equal(result.code, code, result.stdout + result.stderr);
    return result.stdout;
  }

  /** Asserts that the connection holds a token issued to the account of its principal. */
  function assertHoldsOwnToken(name: RegistryName): void {
    const password = fixture.airflow.connections.get(`docker_${name}`)?.password;
    const token = fixture.aws.issued.find((issued) => issued.password === password);
    assert.ok(token, `docker_${name} holds no token`);
    assert.equal(token.account, ARNS[name].split(':')[4], name);
  }

  function assertArns(report: RefreshReport, names: readonly RegistryName[] = NAMES): void {
    const byHost = new Map(names.map((name) => [fixture.hosts[name], ARNS[name]]));
    assert.deepEqual(
      new Map(
        report.tokens.flatMap(({ registries, principalArn }) =>
          registries.map((host) => [host, principalArn]),
        ),
      ),
      byHost,
    );
    assert.deepEqual(
      new Map(
        report.stores.filter(({ refreshed }) => refreshed > 0).map((row) => [row.registry, row.principalArn]),
      ),
      byHost,
    );
  }

  /** Without those of the schedule and the workers, which do not exist yet. */
  function listFailed(checks: readonly Check[]): Check[] {
    return checks.filter(({ id, outcome }) => outcome === 'failed' && id !== 'schedule' && id !== 'workers');
  }

  describe('in refresh-once and doctor', () => {
    it('writes the token of its own principal to each connection, and reports the principal', async () => {
      const report = await runJson<RefreshReport>(0, ['refresh-once']);
      assertArns(report);
      NAMES.forEach(assertHoldsOwnToken);
      const text = await runText(0, ['refresh-once']);
      for (const name of NAMES) assert.ok(text.includes(ARNS[name]), text);
    });

    it('reports when sessions of one hour end, without a warning', async () => {
      const { tokens, warnings } = await runJson<RefreshReport>(0, ['refresh-once']);
      for (const { registries, issuedAt, expiresAt, usableUntil } of tokens) {
        const [host] = registries;
        const lifeMs = Date.parse(expiresAt) - Date.parse(issuedAt);
        const usableMs = Date.parse(usableUntil) - Date.parse(issuedAt);
        assert.ok(Math.abs(lifeMs - 12 * HOUR_MS) < 10_000);
        const expectedMs =
          host === fixture.hosts.own || host === fixture.hosts.production ? 12 * HOUR_MS : HOUR_MS;
        assert.ok(Math.abs(usableMs - expectedMs) < 60_000, `${host}: ${usableMs} ms`);
      }
      assert.deepEqual(warnings, []);
      assert.deepEqual(
        tokens.map(({ outlivesSession }) => outlivesSession),
        tokens.map(() => null),
      );
    });

    it('reports no warning when the session lasts as long as the token', async () => {
      const long = fixture.writeConfig({
        name: 'long',
        registries: ['own', 'partner'],
        sessionDuration: '12h',
      });
      const report = await runJson<RefreshReport>(0, ['refresh-once'], { config: long });
      assert.deepEqual(report.warnings, []);
      assert.doesNotMatch(await runText(0, ['doctor', '--offline'], { config: long }), /warning/);
    });

    it('checks each principal in doctor, and names the end of short sessions', async () => {
      const { checks } = await runJson<{ checks: Check[] }>(1, ['doctor']);
      for (const name of NAMES) {
        const token = checks.find(({ message }) => message.startsWith(`issued to ${ARNS[name]}`));
        assert.equal(token?.outcome, 'ok', name);
      }
      const short = checks.filter(({ message }) => message.includes('; AWS session ends '));
      assert.deepEqual(
        short.map(({ outcome }) => outcome),
        ['ok', 'ok', 'ok'],
      );
      assert.deepEqual(
        checks.filter(({ message }) => message.startsWith('Tokens of')),
        [],
      );
      assert.deepEqual(listFailed(checks), []);
      const text = await runText(1, ['doctor']);
      assert.match(
        text,
        /^ok {7}token default\/us-east-1: issued to arn:aws:iam::123456789012:user\/airflow \(default credentials\), expires /m,
      );
    });

    it('fails only the registry of a denied principal, and reports the denied action', async () => {
      fixture.aws.setRole(ROLES.spoke, { trusts: () => false });
      const before = fixture.airflow.connections.get('docker_chain')?.password;
      const report = await runJson<RefreshReport>(1, ['refresh-once', '--retry-for', '10s']);
      const others = NAMES.filter((name) => name !== 'chain');
      assertArns(report, others);
      assert.equal(fixture.airflow.connections.get('docker_chain')?.password, before);
      assert.equal(report.failures.length, 1);
      const [failure] = report.failures;
      assert.deepEqual(
        [failure?.stage, failure?.type, failure?.registry, failure?.connections],
        ['extract', 'AwsAccessDenied', fixture.hosts.chain, ['docker_chain']],
      );
      assert.equal(
        failure?.message,
        `AWS credentials: ${ROLES.hub} is not authorized to call sts:AssumeRole on ${ROLES.spoke}`,
      );
      const { checks } = await runJson<{ checks: Check[] }>(1, ['doctor']);
      assert.deepEqual(
        listFailed(checks).map(({ message }) => message),
        [`AwsAccessDenied: ${failure?.message}`],
      );
      await runText(1, ['doctor']);
      fixture.resetPrincipals();
    });

    for (const { hours, side } of [
      { hours: 13, side: 'behind' },
      { hours: -1, side: 'ahead of' },
    ] as const) {
      it(`warns about a clock ${Math.abs(hours)} h ${side} AWS, but fails without the SDK's correction`, async () => {
        const corrected = fixture.writeConfig({ name: 'clock', registries: ['own', 'pod'] });
        fixture.aws.setClockOffset(hours * HOUR_MS);
        const report = await runJson<RefreshReport>(0, ['refresh-once'], { config: corrected });
        const warning = new RegExp(`^The clock of the worker is .* ${side} AWS: synchronize it\\.$`);
        assert.equal(
          report.warnings.filter((text) => warning.test(text)).length >= 1,
          true,
          report.warnings.join('\n'),
        );
        assert.match(
          await runText(1, ['doctor'], { config: corrected }),
          new RegExp(` ${side} AWS: synchronize it`),
        );

        const chain = fixture.writeConfig({ name: 'clock', registries: ['own', 'chain'] });
        const env = { AWS_DISABLE_CLOCK_SKEW_CORRECTION: 'true' };
        const failed = await runJson<RefreshReport>(1, ['refresh-once', '--retry-for', '10s'], {
          config: chain,
          env,
        });
        assert.deepEqual(
          failed.failures.map(({ type }) => type),
          ['AwsClockSkewed', 'AwsClockSkewed'],
        );
        const off = Math.abs(hours);
        const about = `(${off} h( \\d s)?|${off - 1 === 0 ? '' : `${off - 1} h `}59 min \\d+ s)`;
        const [ecrMessage, stsMessage] = [fixture.hosts.own, fixture.hosts.chain].map(
          (host) => failed.failures.find(({ registry }) => registry === host)?.message ?? '',
        );
        assert.match(
          ecrMessage ?? '',
          new RegExp(`^ECR in us-east-1: the worker's clock is ${about} ${side} the clock of AWS$`),
        );
        assert.match(
          stsMessage ?? '',
          new RegExp(`^AWS credentials: role ${ROLES.hub}: the worker's clock is ${about} ${side}`),
        );
      });
    }
  });

  describe('in a worker', () => {
    const trigger = ['schedule', 'trigger', '--wait'];

    before(async () => {
      await fixture.startWorker(config);
      await runJson(0, ['schedule', 'apply']);
    });

    // `apply` started the first run; `trigger --wait` follows that run if it is still in progress.
    it('reports the principal of each registry in the report and in status', async () => {
      assertArns(await runJson<RefreshReport>(0, trigger));
      NAMES.forEach(assertHoldsOwnToken);
      const status = await runJson<RefreshStatus>(0, ['status']);
      assert.deepEqual(
        new Map(status.report?.stores.map((row) => [row.registry, row.principalArn])),
        new Map(NAMES.map((name) => [fixture.hosts[name], ARNS[name]])),
      );
      const text = await runText(0, ['status']);
      for (const name of NAMES) assert.ok(text.includes(ARNS[name]), text);
      assert.equal(text.match(/11 h 5\d min/g)?.length, NAMES.length, text);
    });

    it('uses a token that expires after ten minutes, and warns about it', async () => {
      fixture.aws.setTokenLife(600);
      const report = await runJson<RefreshReport>(0, trigger);
      NAMES.forEach(assertHoldsOwnToken);
      const short = report.warnings.filter((text) =>
        /^The token of .* expires after (10 min|9 min 59 s) instead of 12 h, at/.test(text),
      );
      assert.equal(short.length, NAMES.length, report.warnings.join('\n'));
      assert.match(await runText(1, ['status']), /the token in its connections expires in [89] min/);
    });

    it('fails only the registry of a denied principal, and refreshes it in the next run once allowed', async () => {
      fixture.aws.setRole(ROLES.partner, { trusts: () => false });
      // Otherwise the worker would keep using its session, which is valid for most of an hour.
      for (const { accessKeyId } of fixture.aws.sessions) fixture.aws.endSession(accessKeyId);
      const denied = await runJson<RefreshReport>(1, trigger);
      assertArns(
        denied,
        NAMES.filter((name) => name !== 'partner'),
      );
      assert.deepEqual(
        denied.failures.map(({ type, connections }) => [type, connections]),
        [['AwsAccessDenied', ['docker_partner']]],
      );
      assert.ok(
        denied.failures[0]?.message.startsWith(
          `AWS credentials: ${ARNS.own} is not authorized to call sts:AssumeRole on `,
        ),
      );
      const text = await runText(1, ['status']);
      assert.match(text, /1 FAILED, 0 refreshed/);
      // The principal of the token that the connection still holds.
      assert.ok(text.includes(ARNS.partner), text);
      fixture.resetPrincipals();
      assertArns(await runJson<RefreshReport>(0, trigger));
    });

    it('recovers within the run when ECR throttles', async () => {
      // The SDK tries twice in each attempt: the first attempt of every principal fails.
      const throttle = throttleFirst(2 * NAMES.length);
      fixture.aws.setFault((call) => (call.service === 'ecr' ? throttle(call) : undefined));
      const from = fixture.aws.issued.length;
      const report = await runJson<RefreshReport>(0, trigger);
      assertArns(report);
      assert.deepEqual([report.failures, fixture.aws.issued.length - from], [[], NAMES.length]);
    });
  });

  describe('in workers with other credential sources', () => {
    const registries = ['own', 'partner'] as const;

    it('picks up keys that were rotated in a file, without a restart', async () => {
      const rotating = fixture.writeConfig({ name: 'rotating', registries });
      fixture.writeOwnKeys('AKIAOWN0000000000000');
      await fixture.startWorker(rotating, fixture.fileEnv);
      await runJson(0, ['schedule', 'apply'], { config: rotating });
      const more = { config: rotating, env: fixture.fileEnv };
      assertArns(await runJson<RefreshReport>(0, ['schedule', 'trigger', '--wait'], more), registries);
      fixture.aws.setFault(({ accessKeyId, service }) =>
        accessKeyId === 'AKIAOWN0000000000000'
          ? { error: service === 'sts' ? 'InvalidClientTokenId' : 'UnrecognizedClientException' }
          : undefined,
      );
      fixture.writeOwnKeys('AKIAROTATED000000000');
      const from = fixture.aws.calls.length;
      assertArns(await runJson<RefreshReport>(0, ['schedule', 'trigger', '--wait'], more), registries);
      const tokensBy = fixture.aws.calls
        .slice(from)
        .filter(({ action }) => action === 'GetAuthorizationToken');
      assert.ok(tokensBy.some(({ accessKeyId }) => accessKeyId === 'AKIAROTATED000000000'));
    });

    for (const source of ['container', 'instance'] as const) {
      it(`uses the credentials of its ${source}`, async () => {
        const roleArn = `arn:aws:iam::123456789012:role/${source}`;
        const options = { aws: fixture.aws, roleArn, stateFolder: fixture.secretsFolder };
        const started = await (source === 'container' ? startContainerCredentials : startInstanceMetadata)(
          options,
        );
        try {
          const sourceConfig = fixture.writeConfig({ name: source, registries: ['own'] });
          const worker = await fixture.startWorker(sourceConfig, {
            ...started.env,
            AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
          });
          const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
          await runJson(0, ['schedule', 'apply'], { config: sourceConfig, env });
          const report = await runJson<RefreshReport>(0, ['schedule', 'trigger', '--wait'], {
            config: sourceConfig,
            env,
          });
          const name = source === 'container' ? 'container' : 'i-0123456789abcdef0';
          assert.equal(
            report.tokens[0]?.principalArn,
            `arn:aws:sts::123456789012:assumed-role/${source}/${name}`,
          );
          assert.ok(report.tokens[0].usableUntil < report.tokens[0].expiresAt);
          await worker.stop();
        } finally {
          await started.stop();
        }
      });
    }
  });

  describe('after all runs', () => {
    it('leak no secret', async () => {
      const { places, bytes } = await fixture.assertNoSecretOut();
      assert.ok(places > 100 && bytes > 1_000_000);
    });
  });
});
