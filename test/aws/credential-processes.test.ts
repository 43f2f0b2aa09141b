import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TokenCache } from '../../src/ecr/token-cache.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import { CredentialLoad } from '../../src/aws/credentials/load-credentials.js';
import { clientSettings } from '../../src/aws/client-settings.js';
import { expectFailure } from '../support/local-server.js';
import { groupOf, profile, role, SECRET_KEY, startAwsFixture, type AwsFixture } from './aws-fixture.js';
import { withFastTimers } from './fast-timers.js';

const SECRETS = [SECRET_KEY];
const KEYS = JSON.stringify({ Version: 1, AccessKeyId: 'AKIDOTHER', SecretAccessKey: SECRET_KEY });
const LOADER = fileURLToPath(new URL('load-and-end.ts', import.meta.url));

describe('credential_process', function () {
  this.timeout(20_000);
  let fixture: AwsFixture;

  beforeEach(async () => {
    fixture = await startAwsFixture();
    fixture.withoutKeys();
  });
  afterEach(() => fixture.stop());

  /** Writes a program that records the ids of its processes in the file `started`, one per line. */
  function writeProgram(lines: string, name = 'default'): void {
    const keys = fixture.write('keys.json', KEYS);
    const program = fixture.write(
      'program.sh',
      `echo $$ >> '${fixture.folder}/started'\n${lines.replaceAll('KEYS', `cat '${keys}'`)}\n`,
    );
    fixture.write('config', `[${name}]\ncredential_process = sh '${program}'; true\n`);
  }

  function readStarted(): number[] {
    const file = `${fixture.folder}/started`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  }

  async function waitForStarted(count: number): Promise<number[]> {
    while (readStarted().length < count) await delay(10);
    return readStarted();
  }

  async function assertNoneLeft(pids: readonly number[], withinMs: number): Promise<void> {
    assert.ok(pids.length > 0);
    const untilMs = performance.now() + withinMs;
    while (pids.some(isAlive) && performance.now() < untilMs) await delay(20);
    assert.deepEqual(pids.filter(isAlive), []);
  }

  const TREE = `trap '' TERM\n(trap '' TERM; exec sleep 30) &\necho $! >> started-here\nwait\nKEYS`;

  function writeStubbornProgram(): void {
    writeProgram(TREE.replace('started-here', `'${fixture.folder}/started'`));
  }

  it('starts once if it outlasts an attempt, and the next attempt joins it', async () => {
    writeProgram('sleep 0.6\nKEYS');
    const cache = new TokenCache({
      issuer: fixture.issuer,
      verify: async (registry) => ({ registry, outcome: 'accepted' }),
      now: () => new Date(),
    });
    const take = (timeoutMs: number) =>
      cache.take(
        { runId: 'run-1', signal: AbortSignal.timeout(timeoutMs) },
        groupOf(DEFAULT_PRINCIPAL, 'us-east-1'),
        'host',
        [],
      );
    await assert.rejects(take(100), { name: 'TimeoutError' });
    await assert.rejects(take(100), { name: 'TimeoutError' });
    assert.ok((await take(10_000)).token.password);
    assert.equal(readStarted().length, 1);
    assert.equal(fixture.calls('GetAuthorizationToken')[0]?.accessKeyId, 'AKIDOTHER');
  });

  it('is shown as the wait reason while it is running, also for a role assumed with its credentials', async () => {
    writeProgram('sleep 0.3\nKEYS');
    const pull = groupOf(role('pull'), 'us-east-1');
    const issued = fixture.issue(role('pull'));
    await waitForStarted(1);
    assert.equal(
      fixture.issuer.describeWait(pull),
      'AWS credentials: profile default: credential_process sh',
    );
    await issued;
    assert.equal(fixture.issuer.describeWait(pull), undefined);
  });

  it('runs once for all token groups of its principal', async () => {
    writeProgram('sleep 0.2\nKEYS');
    const regions = ['us-east-1', 'eu-west-1', 'eu-west-2'];
    await Promise.all(regions.map((region) => fixture.issue(DEFAULT_PRINCIPAL, region)));
    assert.equal(readStarted().length, 1);
  });

  it('is reported and killed with its descendants after 90 s, and not started again', async () => {
    writeStubbornProgram();
    const { value: failure, tookMs } = await withFastTimers(async () => {
      const failed = await expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS);
      // The grace period after SIGTERM.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      return failed;
    });
    assert.equal(
      failure.message,
      'AWS credentials: profile default: credential_process sh: timed out after 90 s',
    );
    assert.match(failure.remedy, /^Run the `credential_process` command /);
    assert.ok(tookMs >= 92_000 && tookMs <= 95_000, `${tookMs} ms`);
    await assertNoneLeft(readStarted(), 5_000);
    // The SDK's chain would start a failed process a second time.
    await delay(100);
    assert.equal(readStarted().length, 2);
  });

  it('is reported with the name of its profile', async () => {
    writeProgram('sleep 30', 'profile production');
    const { value: failure } = await withFastTimers(() =>
      expectFailure(fixture.issue(profile('production')), 'AwsUnavailable', SECRETS),
    );
    assert.equal(
      failure.message,
      'AWS credentials: profile production: credential_process sh: timed out after 90 s',
    );
    await assertNoneLeft(readStarted(), 5_000);
  });

  it('is started again by the next attempt after it hung', async () => {
    writeProgram('sleep 30');
    await withFastTimers(() => expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS));
    writeProgram('KEYS');
    assert.ok((await fixture.issue()).authorizationToken);
  });

  it('continues when the process of another load is killed', async () => {
    writeProgram('sleep 0.5\nKEYS');
    const load = (signal: AbortSignal) =>
      new CredentialLoad(clientSettings()).run(DEFAULT_PRINCIPAL, 'us-east-1', undefined, signal);
    const ended = new AbortController();
    const first = load(ended.signal);
    const second = load(new AbortController().signal);
    await waitForStarted(2);
    ended.abort();
    await assert.rejects(first);
    assert.equal((await second).accessKeyId, 'AKIDOTHER');
  });

  for (const { how, title } of [
    { how: 'exit', title: 'calls process.exit' },
    { how: 'throw', title: 'ends with an uncaught error' },
    { how: 'end', title: 'completes, and ends the processes first' },
    { how: 'SIGTERM', title: 'ends by SIGTERM' },
    { how: 'SIGINT', title: 'ends by SIGINT' },
    { how: 'SIGHUP', title: 'ends by SIGHUP' },
  ] as const) {
    it(`is not left running by a process that ${title}`, async () => {
      writeStubbornProgram();
      const child = spawn(process.execPath, ['--import=tsx', LOADER, how, `${fixture.folder}/started`], {
        stdio: 'ignore',
      });
      const [[, signal], pids] = await Promise.all([once(child, 'exit'), waitForStarted(2)]);
      assert.equal(signal, how.startsWith('SIG') ? how : null);
      await assertNoneLeft(pids, 1_000);
      assert.equal(readStarted().length, 2);
    });
  }
});

function isAlive(pid: number): boolean {
  try {
    // A zombie process is not alive.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
