// `./scripts/quickstart` in a copy of the repository, so that it does not touch the developer's sandbox.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn } from '../support/aws.js';
import { cacheFolder } from '../../sandbox/cache-folder.js';
import { findPython } from '../../sandbox/python-tools.js';
import { startRegistry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startTemporal } from '../../sandbox/temporal.js';
import { copyRepository } from '../support/copy-repository.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { connectClient } from '../../src/temporal/connection.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';

describe('./scripts/quickstart', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  let copy: string;

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    copy = mkdtempSync(join(tmpdir(), 'ecr-quickstart-'));
    copyRepository(copy);
  });

  after(async () => {
    await stops.stopAll();
    if (copy) rmSync(copy, { recursive: true, force: true });
  });

  /**
   * Starts the script, waits for `text` in its output, interrupts it as Ctrl-C does, and returns its output.
   * @param meanwhile called before the interruption
   */
  async function runUntil(
    text: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    meanwhile: () => Promise<void> = async () => {},
  ) {
    const child = spawn(join(copy, 'scripts', 'quickstart'), args, { env, cwd: tmpdir() });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    const until = performance.now() + 240_000;
    while (!output.includes(text) && child.exitCode === null && performance.now() < until) await delay(50);
    const descendants = findDescendants(child);
    if (output.includes(text)) await meanwhile().finally(() => child.kill('SIGINT'));
    // Twice, as an impatient user does.
    await delay(300);
    child.kill('SIGINT');
    const code = await exited;
    return { code, output, descendants };
  }

  function connect(address: string, namespace: string) {
    return connectClient(plainSettings(address, namespace));
  }

  /** The task queues of all runs in a namespace. */
  async function listQueues(address: string, namespace: string): Promise<string[]> {
    const { client, close } = await connect(address, namespace);
    const queues = new Set<string>();
    for await (const { taskQueue } of client.workflow.list()) queues.add(taskQueue);
    await close();
    return [...queues];
  }

  /** The variables that `. .sandbox/env` leaves in the shell of a user who has TEMPORAL_* variables. */
  function readSandboxEnv(): NodeJS.ProcessEnv {
    const file = join(copy, '.sandbox', 'env');
    const { stdout, stderr, status } = spawnSync('sh', ['-c', `. '${file}' && env -0`], {
      encoding: 'utf8',
      env: { ...process.env, TEMPORAL_API_KEY: 'of-the-user', TEMPORAL_NAMESPACE: 'of-the-user' },
    });
    assert.equal(status, 0, stderr);
    const pairs = stdout.split('\0').map((line) => line.split(/=(.*)/s).slice(0, 2));
    const env = Object.fromEntries(pairs) as NodeJS.ProcessEnv;
    assert.equal(env['TEMPORAL_API_KEY'], undefined);
    return env;
  }

  /** Lists all processes that descend from the child, each with its start: an id may be used again. */
  function findDescendants(child: ChildProcess): string[] {
    const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' });
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
    const found = new Set([String(child.pid)]);
    for (let size = 0; size !== found.size;) {
      size = found.size;
      for (const [pid = '', ppid = ''] of rows) if (found.has(ppid)) found.add(pid);
    }
    found.delete(String(child.pid));
    return [...found].map((pid) => `${pid} ${readStart(pid)}`);
  }

  function readStart(pid: string): string {
    return spawnSync('ps', ['-o', 'lstart=,args=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
  }

  /** A zombie has exited, and its parent has not reaped it yet. */
  function isRunning(listed: string): boolean {
    const [pid = '', ...start] = listed.split(' ');
    if (readStart(pid) !== start.join(' ')) return false;
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' });
    return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
  }

  it('runs the main job on the sandbox, prints its report and addresses, and leaves no process running', async () => {
    const ownServer = stops.add(await startTemporal({ stateFolder: join(copy, 'users-temporal') }));
    const { client, close } = await connect(ownServer.address, 'default');
    stops.add({ stop: close });
    const queued = await client.workflow.start('refreshCredentials', {
      taskQueue: 'ecr-refresh',
      workflowId: 'of-the-user',
    });
    const userSettings = {
      AWS_ACCESS_KEY_ID: 'user-key',
      AWS_PROFILE: 'user-profile',
      TEMPORAL_ADDRESS: ownServer.address,
      TEMPORAL_NAMESPACE: 'default',
      ECR_REFRESH_CONFIG: '/nonexistent',
    };
    async function assertApart(): Promise<void> {
      assert.equal((await queued.fetchHistory()).events?.length, 2, 'it took a task of the user’s server');
      const { TEMPORAL_ADDRESS: address = '', TEMPORAL_NAMESPACE: namespace = '' } = readSandboxEnv();
      assert.notEqual(address, '127.0.0.1:7233', 'the default address is that of other workers');
      assert.equal(namespace, 'ecr-refresh-quickstart');
      assert.deepEqual(await listQueues(address, 'default'), []);
      assert.deepEqual(await listQueues(address, namespace), ['ecr-refresh-sandbox']);
    }
    for (const attempt of ['first', 'second']) {
      const env = { ...process.env, ...userSettings };
      const { code, output, descendants } = await runUntil('until Ctrl-C', [], env, assertApart);
      assert.match(output, /All connections refreshed\./, `${attempt} start:\n${output}`);
      assert.match(output, /Temporal UI: +http:\/\/127\.0\.0\.1:\d+/);
      assert.match(output, /Airflow: +http:\/\/127\.0\.0\.1:\d+/);
      assert.match(output, /Stopped\./);
      assert.equal(code, 0, output);
      assert.ok(descendants.length >= 3, 'worker, Temporal or Airflow did not run');
      assert.deepEqual(descendants.filter(isRunning), []);
    }
  });

  it('runs the main job with the user’s own Airflow and AWS', async () => {
    const aws = stops.add(await startAwsStandIn());
    const registry = stops.add(await startRegistry({ aws, stateFolder: copy, storage: false }));
    const connection = {
      connection_id: 'docker_default',
      conn_type: 'docker',
      host: registry.host,
      login: 'AWS',
    };
    const airflow = stops.add(
      await startAirflowStandIn({
        users: [{ username: 'me', password: 'mine', role: 'op' }],
        connections: [{ ...connection, password: 'old' }],
      }),
    );
    const config = join(copy, 'mine.yaml');
    writeFileSync(
      config,
      `version: 1
airflows:
  - {name: main, url: "${airflow.url}", auth: {username: me, password: {env: MY_PASSWORD}}, connections: [docker_default]}
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
`,
    );
    const env = {
      ...process.env,
      ...aws.env,
      HOME: copy,
      XDG_CACHE_HOME: join(cacheFolder(), '..'),
      MY_PASSWORD: 'mine',
    };
    const { code, output } = await runUntil('until Ctrl-C', ['--config', config], env);
    assert.match(output, /All connections refreshed\./, output);
    assert.match(output, /no address is set, so a development server was started/);
    assert.match(output, /TEMPORAL_NAMESPACE=ecr-refresh-quickstart/);
    assert.match(output, /Stopped\./, 'it did not stop at the interrupt');
    assert.equal(code, 0, output);
    const written = airflow.connections.get('docker_default')?.password;
    assert.ok(aws.issued.some(({ password }) => password === written));
  });

  it('reports an invalid configuration before it starts anything', async () => {
    const { code, output } = await runUntil('never printed', ['--config', 'missing.yaml'], process.env);
    assert.equal(code, 78);
    assert.match(output, /missing\.yaml: does not exist/);
    assert.doesNotMatch(output, /Temporal/);
  });
});
