// Two deployments with the same schedule id and task queue, as when a configuration was copied: the built worker and
// commands on a real Temporal server.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { Child } from '../../sandbox/child-process.js';
import { startTemporal } from '../../sandbox/temporal.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn } from '../support/aws.js';
import { startRegistry } from '../support/registry.js';
import { builtCli } from './built-cli.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';
import { startBuiltWorker } from './start-built-worker.js';

const OLD = 'old';

describe('two deployments on one task queue', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let registryHost: string;
  let first: AirflowStandIn;
  let second: AirflowStandIn;

  before(async () => {
    await builtCli();
    folder = mkdtempSync(join(tmpdir(), 'ecr-two-deployments-'));
    const aws = stops.add(await startAwsStandIn());
    const registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
    registryHost = registry.host;
    const temporal = stops.add(await startTemporal({ stateFolder: folder }));
    first = stops.add(await startAirflow());
    second = stops.add(await startAirflow());
    env = { ...process.env, ...aws.env, TEMPORAL_ADDRESS: temporal.address, AIRFLOW_PASSWORD: 'pw' };
  });

  after(async () => {
    await stops.stopAll();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startAirflow(): Promise<AirflowStandIn> {
    const connection = { connection_id: 'docker_default', conn_type: 'docker', login: 'AWS' };
    return startAirflowStandIn({
      users: [{ username: 'me', password: 'pw', role: 'op' }],
      connections: [{ ...connection, host: registryHost, password: OLD }],
    });
  }

  /** With the default schedule and task queue, unless they are given. */
  function writeConfig(
    name: string,
    airflows: readonly AirflowStandIn[],
    id?: string,
    taskQueue = id,
  ): string {
    const path = join(folder, `${name}.yaml`);
    const auth = '{username: me, password: {env: AIRFLOW_PASSWORD}}';
    const entries = airflows.map(
      ({ url }, index) =>
        `  - {name: airflow-${index}, url: "${url}", auth: ${auth}, connections: [docker_default]}\n`,
    );
    const account = 'account: "123456789012", region: us-east-1';
    writeFileSync(
      path,
      `version: 1\nairflows:\n${entries.join('')}registries:\n` +
        `  - {name: test, ${account}, registryHost: "${registryHost}"}\ndocker: {engines: []}\n` +
        (id === undefined ? '' : `schedule: {id: ${id}}\ntemporal: {taskQueue: ${taskQueue}}\n`),
      { mode: 0o600 },
    );
    return path;
  }

  function run(config: string, ...args: readonly string[]): Promise<CommandResult> {
    return runCommandLine([...args, '--config', config], env);
  }

  async function startWorker(name: string, config: string): Promise<Child> {
    const logFile = join(folder, `${name}.log`);
    return stops.add(await startBuiltWorker({ name, env, logFile, args: ['--config', config] }));
  }

  async function refresh(config: string): Promise<RefreshReport> {
    const { stdout, stderr } = await run(config, 'schedule', 'trigger', '--wait', '--json');
    assert.ok(stdout.startsWith('{'), stderr);
    return JSON.parse(stdout) as RefreshReport;
  }

  function passwordIn(airflow: AirflowStandIn): string | null | undefined {
    return airflow.connections.get('docker_default')?.password;
  }

  it('are refused by apply and by the worker until one replaces the other', async () => {
    const mine = writeConfig('mine', [first]);
    const others = writeConfig('others', [second]);
    assert.equal((await run(mine, 'schedule', 'apply')).code, 0);

    for (const args of [['schedule', 'apply'], ['worker']]) {
      const { code, stdout, stderr } = await run(others, ...args);
      assert.equal(code, 1, stdout + stderr);
      assert.ok(stderr.includes(first.url) && stderr.includes(second.url), stderr);
      assert.match(stderr, /belongs to another deployment[^]*`schedule apply --replace`/);
      assert.equal(stdout, '');
    }
    const { stdout: checks } = await run(others, 'doctor');
    const fix = /differs from the configuration: Airflow instances .*\n +Fix: (.*)/.exec(checks)?.[1];
    assert.match(fix ?? checks, /run `schedule apply --replace`/);

    const replaced = await run(others, 'schedule', 'apply', '--replace', '--json');
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.equal((JSON.parse(replaced.stdout) as { outcome: string }).outcome, 'replaced');
    assert.equal((await run(mine, 'worker')).code, 1, 'now the first one is the other deployment');
    const again = await run(mine, 'schedule', 'apply', '--replace');
    assert.match(again.stdout, /taken over from another deployment/);
    assert.match((await run(mine, 'schedule', 'apply', '--replace')).stdout, /up to date/);
    assert.equal((await run(mine, 'schedule', 'delete')).code, 0);
  });

  it('keeps refreshing with the last good configuration while an edit has none of its stores', async () => {
    const config = writeConfig('edited', [first], 'edited');
    const worker = await startWorker('edited', config);
    await run(config, 'schedule', 'apply');
    assert.equal((await refresh(config)).outcome, 'refreshed');

    first.connections.get('docker_default')!.password = OLD;
    writeConfig('edited', [second], 'edited');
    const refused = await refresh(config);
    assert.equal(refused.outcome, 'incomplete');
    const [failure] = refused.failures;
    assert.equal(failure?.type, 'ConfigInvalid');
    assert.ok(failure.message.includes(first.url) && failure.message.includes(second.url), failure.message);
    assert.match(failure.remedy, /`schedule apply --replace`/);
    assert.notEqual(passwordIn(first), OLD, 'refreshed with the last good configuration');
    assert.equal(passwordIn(second), OLD);

    assert.equal((await run(config, 'schedule', 'apply', '--replace')).code, 0);
    assert.equal((await refresh(config)).outcome, 'refreshed');
    assert.notEqual(passwordIn(second), OLD, 'the edit is accepted without a restart');
    await worker.stop();
  });

  it('warns about an edit that keeps one of the stores, until the schedule is applied', async () => {
    const config = writeConfig('added', [first], 'added');
    await run(config, 'schedule', 'apply');
    const worker = await startWorker('added', config);
    writeConfig('added', [first, second], 'added');
    const edited = await refresh(config);
    assert.equal(edited.outcome, 'refreshed', JSON.stringify(edited.failures));
    assert.match(edited.warnings.join('\n'), /differ from those .* Run `schedule apply`\./);
    assert.match((await run(config, 'schedule', 'apply')).stdout, /updated/);
    assert.doesNotMatch((await refresh(config)).warnings.join('\n'), /`schedule apply`/);
    await worker.stop();
  });

  it('leaves runs to the workers of their own deployment, and names the cause when there is none', async () => {
    const mine = writeConfig('mine-of-two', [first], 'mine-of-two', 'shared');
    const others = writeConfig('other-of-two', [second], 'other-of-two', 'shared');
    const foreign = await startWorker('foreign', others);
    second.connections.get('docker_default')!.password = OLD;
    await run(mine, 'schedule', 'apply');
    const failing = await waitForStep(mine);
    assert.match(
      failing,
      /ConfigVersionMismatch: This run refreshes .* another deployment that uses the same/,
    );
    const own = await startWorker('own', mine);
    // With both, each step may need several attempts before it reaches the right worker.
    await foreign.stop();
    assert.equal((await refresh(mine)).outcome, 'refreshed');
    assert.equal(
      passwordIn(second),
      OLD,
      'the other deployment did not write its own connections in this run',
    );
    await own.stop();
  });

  /** The text of `status` once a step of the run in progress has failed. */
  async function waitForStep(config: string): Promise<string> {
    const until = performance.now() + 60_000;
    for (;;) {
      const { stdout } = await run(config, 'status');
      if (stdout.includes('ConfigVersionMismatch')) return stdout;
      assert.ok(performance.now() < until, stdout);
    }
  }
});
