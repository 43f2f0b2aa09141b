// Registries that are read as five different AWS principals, as users of the product meet them: its commands, a worker, and
// what both say of who got which token, for how long, and who was denied.
import assert from 'node:assert/strict';
import { throttleFirst } from '../../sandbox/aws.js';
import { startContainerCredentials, startInstanceMetadata } from '../../sandbox/aws-credentials.js';
import type { Check } from '../../src/doctor/check.js';
import type { RefreshReport } from '../../src/domain/report.js';
import type { RefreshStatus } from '../../src/status/read-status.js';
import {
  ARNS,
  NAMES,
  ROLES,
  startPrincipalsRig,
  type PrincipalsRig,
  type RegistryName,
} from './principals-rig.js';
import type { CommandResult } from './run-command-line.js';

const HOUR_MS = 3_600_000;
const TIME = /\d{4}-\d\d-\d\d \d\d:\d\d UTC/;

describe('registries of five AWS principals', function () {
  this.timeout(180_000);
  let rig: PrincipalsRig;
  let config: string;

  before(async () => {
    rig = await startPrincipalsRig();
    config = rig.writeConfig();
  });
  after(() => rig?.stop());
  afterEach(() => {
    rig.aws.setFault(undefined);
    rig.aws.setClockOffset(0);
    rig.aws.setTokenLife(43_200);
    rig.aws.setSessionLife(undefined);
  });

  function show(title: string, { stdout, stderr }: CommandResult): void {
    if (process.env['SHOW_OUTPUTS'] !== undefined)
      process.stderr.write(`\n== ${title}\n${stdout}${stderr}\n`);
  }

  async function ask<T>(
    code: number,
    args: readonly string[],
    more: { config?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<T> {
    const result = await rig.command(more.config ?? config, [...args, '--json'], more.env);
    assert.equal(result.code, code, result.stdout + result.stderr);
    return JSON.parse(result.stdout) as T;
  }

  async function say(
    code: number,
    args: readonly string[],
    more: { config?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<string> {
    const result = await rig.command(more.config ?? config, args, more.env);
    show(args.join(' '), result);
    assert.equal(result.code, code, result.stdout + result.stderr);
    return result.stdout;
  }

  /** The password of a connection is a token that was issued to the account of its principal. */
  function assertHolds(name: RegistryName): void {
    const password = rig.airflow.connections.get(`docker_${name}`)?.password;
    const token = rig.aws.issued.find((issued) => issued.password === password);
    assert.ok(token, `docker_${name} holds a token`);
    assert.equal(token.account, ARNS[name].split(':')[4], name);
  }

  function assertArns(report: RefreshReport, names: readonly RegistryName[] = NAMES): void {
    const byHost = new Map(names.map((name) => [rig.hosts[name], ARNS[name]]));
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
        report.airflows
          .filter(({ refreshed }) => refreshed > 0)
          .map((row) => [row.registry, row.principalArn]),
      ),
      byHost,
    );
  }

  describe('by refresh-once and doctor', () => {
    it('writes to each connection the token of its own principal, and says whose it is', async () => {
      const report = await ask<RefreshReport>(0, ['refresh-once']);
      assertArns(report);
      NAMES.forEach(assertHolds);
      const text = await say(0, ['refresh-once']);
      for (const name of NAMES) assert.ok(text.includes(ARNS[name]), text);
    });

    it('says in the report until when tokens of sessions of an hour can be relied on', async () => {
      const { tokens, warnings } = await ask<RefreshReport>(0, ['refresh-once']);
      for (const { registries, issuedAt, expiresAt, reliableUntil } of tokens) {
        const [host] = registries;
        const lifeMs = Date.parse(expiresAt) - Date.parse(issuedAt);
        const reliableMs = Date.parse(reliableUntil) - Date.parse(issuedAt);
        assert.ok(Math.abs(lifeMs - 12 * HOUR_MS) < 10_000);
        const expectedMs = host === rig.hosts.own || host === rig.hosts.production ? 12 * HOUR_MS : HOUR_MS;
        assert.ok(Math.abs(reliableMs - expectedMs) < 60_000, `${host}: ${reliableMs} ms`);
      }
      for (const name of ['partner', 'chain', 'pod'] as const) {
        const warning = warnings.find((text) => text.includes(ARNS[name])) ?? '';
        assert.match(
          warning,
          /can be relied on until .* only: the AWS session .* runs are up to 4 h 5 min apart, so it ends before the next one/,
        );
      }
      assert.equal(warnings.length, 3, warnings.join('\n'));
    });

    it('has nothing to warn of where the session lasts as long as the token', async () => {
      const long = rig.writeConfig({ name: 'long', registries: ['own', 'partner'], sessionDuration: '12h' });
      const report = await ask<RefreshReport>(0, ['refresh-once'], { config: long });
      assert.deepEqual(report.warnings, []);
      assert.doesNotMatch(await say(0, ['doctor', '--offline'], { config: long }), /warning/);
    });

    it('checks each principal by doctor, and warns of the margin', async () => {
      const { checks } = await ask<{ checks: Check[] }>(1, ['doctor']);
      for (const name of NAMES) {
        const token = checks.find(({ message }) => message.startsWith(`issued to ${ARNS[name]},`));
        assert.equal(token?.outcome, 'ok', name);
      }
      const warned = checks.filter(
        ({ outcome, message }) => outcome === 'warning' && message.startsWith('Tokens of'),
      );
      assert.equal(warned.length, 3);
      // There is no schedule yet: that alone failed.
      assert.deepEqual(
        checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name.replace(/ .*/, '')),
        [],
        JSON.stringify(checks, null, 1),
      );
      await say(1, ['doctor']);
    });
  });
});
