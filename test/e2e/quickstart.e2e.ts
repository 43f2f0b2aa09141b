// `./scripts/quickstart` as a newcomer runs it, in a copy of the tree, so that nobody's own sandbox is in its way.
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startAirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn } from '../support/aws.js';
import { cacheFolder } from '../../sandbox/cache-folder.js';
import { findPython } from '../../sandbox/python-tools.js';
import { startRegistry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { skipOrFail } from '../support/skip-or-fail.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** See scripts/prepare-node.sh. */
const INSTALLED = '.installed-lock.json';

/**
 * Each package by a link of its own: were the whole folder one, the installation that `./scripts/quickstart` makes where
 * it finds other packages would empty the developer's. The copy of the lock file says that none is needed.
 */
function borrowPackages(copy: string): void {
  const folder = join(copy, 'node_modules');
  mkdirSync(folder);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== INSTALLED) symlinkSync(join(ROOT, 'node_modules', name), join(folder, name));
  }
  cpSync(join(ROOT, 'package-lock.json'), join(folder, INSTALLED));
}

describe('./scripts/quickstart', function () {
  this.timeout(300_000);
  const stops = new Cleanup();
  let copy: string;

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    copy = mkdtempSync(join(tmpdir(), 'ecr-quickstart-'));
    for (const part of ['src', 'scripts', 'sandbox', 'package.json', 'package-lock.json', 'tsconfig.json']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    borrowPackages(copy);
  });

  after(async () => {
    await stops.stopAll();
    if (copy) rmSync(copy, { recursive: true, force: true });
  });

  /** Starts it, waits for `text` in its output, interrupts it as Ctrl-C does, and gives all it printed. */
  async function runUntil(text: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    const child = spawn(join(copy, 'scripts', 'quickstart'), args, { env, cwd: tmpdir() });
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    const until = performance.now() + 240_000;
    while (!output.includes(text) && child.exitCode === null && performance.now() < until) await delay(50);
    const descendants = processesBelow(child);
    child.kill('SIGINT');
    const code = await exited;
    return { code, output, descendants };
  }

  /** Process ids and commands of everything whose ancestor is the child. */
  function processesBelow(child: ChildProcess): string[] {
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
    return [...found];
  }

  /** A zombie has ended; its parent has yet to notice. */
  function isRunning(pid: string): boolean {
    const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' });
    return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
  }

  it('runs the main job on the sandbox, prints its report and addresses, and leaves nothing running', async () => {
    const users = {
      AWS_ACCESS_KEY_ID: 'of the user',
      AWS_PROFILE: 'of-the-user',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      ECR_REFRESH_CONFIG: '/nonexistent',
    };
    for (const attempt of ['first', 'second']) {
      const { code, output, descendants } = await runUntil('until Ctrl-C', [], { ...process.env, ...users });
      assert.match(output, /Refreshed\./, `${attempt} start:\n${output}`);
      assert.match(output, /Temporal UI: +http:\/\/127\.0\.0\.1:\d+/);
      assert.match(output, /Airflow: +http:\/\/127\.0\.0\.1:\d+/);
      assert.match(output, /Stopped\./);
      assert.equal(code, 0, output);
      assert.ok(descendants.length >= 3, 'worker, Temporal and Airflow ran');
      assert.deepEqual(descendants.filter(isRunning), []);
    }
  });

  it('runs the same against the user’s own Airflow and AWS', async () => {
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
    assert.match(output, /Refreshed\./, output);
    assert.match(output, /no address is set, so a development server was started/);
    assert.match(output, /Stopped\./, 'it ran until it was interrupted');
    assert.equal(code, 0, output);
    const written = airflow.connections.get('docker_default')?.password;
    assert.ok(aws.issued.some(({ password }) => password === written));
  });

  it('names what is wrong with the configuration before it starts anything', async () => {
    const { code, output } = await runUntil('never printed', ['--config', 'missing.yaml'], process.env);
    assert.equal(code, 78);
    assert.match(output, /missing\.yaml: does not exist/);
    assert.doesNotMatch(output, /Temporal/);
  });
});
