// A new user who runs the commands of a page, each in a shell that continues where the last one ended.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild, type Child } from '../../sandbox/child-process.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startTemporal } from '../../sandbox/temporal.js';
import type { Airflow } from '../support/airflow.js';
import type { AwsStandIn } from '../support/aws.js';
import { copyRepository } from '../support/copy-repository.js';
import type { Registry } from '../support/registry.js';
import { runProgram, type CommandResult } from './run-command-line.js';

export interface Services {
  /** With FAB, its connection `docker_default` and user `ecr-refresh` do not exist yet. */
  readonly airflow: Airflow;
  readonly aws: AwsStandIn;
  readonly registry: Registry;
}

export interface NewUser {
  /** The keys of the commands that were run. */
  readonly keys: readonly string[];
  /** Runs a line of a page, which has to succeed. */
  run(place: string, text: string, keys: readonly string[]): Promise<void>;
  /** Runs another command. */
  execute(text: string): Promise<CommandResult>;
  stop(): Promise<void>;
}

/** A key line of the output, by key. Other commands only have to succeed. */
const OUTPUT: Readonly<Record<string, RegExp>> = {
  airflow: /ecr-refresh|docker_default/,
  'refresh-once --dry-run': /1 of 1 connections would be written/,
  'schedule apply': /^Schedule ecr-refresh (?:created|is up to date)/,
  status: /1 refreshed/,
};

/** @param folder an empty one */
export async function createNewUser(folder: string, services: Services): Promise<NewUser> {
  const { airflow, aws, registry } = services;
  const stops = new Cleanup();
  const temporal = stops.add(await startTemporal({ stateFolder: join(folder, 'temporal') }));
  const [copy, home, left] = [join(folder, 'copy'), join(folder, 'home'), join(folder, 'environment')];
  mkdirSync(home);
  mkdirSync(copy);
  copyRepository(copy);
  // With FAB, the shown commands create the user that refresh.example.yaml names.
  const login =
    airflow.auth === 'fab'
      ? { username: 'ecr-refresh', password: randomBytes(18).toString('base64url') }
      : airflow;
  let env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: home,
    TMPDIR: folder,
    PWD: copy,
    ...aws.env,
  };
  const workers: Child[] = [];
  const keys: string[] = [];

  function fillIn(place: string, text: string): string {
    const filled = text
      .replace("AIRFLOW_PASSWORD='…'", `AIRFLOW_PASSWORD='${login.password}'`)
      .replace('temporal.example.com:7233', temporal.address)
      .replace('123456789012.dkr.ecr.us-east-1.amazonaws.com', registry.host);
    assert.doesNotMatch(filled.replace(/\s#.*/, ''), /…|temporal\.example|<[a-z]/, `${place}: not filled in`);
    return filled;
  }

  async function execute(text: string): Promise<CommandResult> {
    const script = `cd "$PWD"\n${text}\ncode=$?\nenv -0 >'${left}'\nexit $code`;
    const result = await runProgram(['bash', '-c', script], env, 200_000);
    const pairs = readFileSync(left, 'utf8').split('\0').filter(Boolean);
    env = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
    return result;
  }

  /** On the machine of Airflow. Without a terminal, Airflow reads a password and its repetition from its input. */
  function executeAirflow(text: string): Promise<CommandResult> {
    const script = 'printf "%s\\n%s\\n" "$PASSWORD" "$PASSWORD" | setsid --wait bash -c "$COMMAND"';
    const more = {
      PATH: `${dirname(airflow.python)}:${process.env['PATH']}`,
      PASSWORD: login.password,
      COMMAND: text,
    };
    return runProgram(['bash', '-c', script], { ...airflow.env, ...more }, 200_000);
  }

  async function startWorker(text: string): Promise<void> {
    const logFile = join(folder, `worker-${workers.length}.log`);
    const ready = async () => readFileSync(logFile, 'utf8').includes('"worker started"');
    const args = ['-c', text];
    const options = {
      name: text,
      command: 'bash',
      args,
      env,
      cwd: env['PWD'],
      logFile,
      ready,
      graceMs: 45_000,
    };
    workers.push(stops.add(await startChild(options)));
  }

  return {
    keys,
    execute,
    async run(place, text, shown) {
      const command = fillIn(place, text);
      keys.push(...shown);
      if (shown.some((key) => key.startsWith('worker'))) return startWorker(command);
      // The packages are linked: this only compares the lock file.
      if (shown.includes('npm ci')) env['npm_config_dry_run'] = 'true';
      const start = (): Promise<CommandResult> =>
        shown.includes('airflow') ? executeAirflow(command) : execute(command);
      const expected = shown.flatMap((key) => OUTPUT[key] ?? []);
      const isExpected = ({ stdout }: CommandResult): boolean =>
        expected.every((pattern) => pattern.test(stdout));
      let result = await start();
      delete env['npm_config_dry_run'];
      // The first run may be in progress.
      for (let i = 0; shown.includes('status') && !isExpected(result) && i < 30; i += 1) {
        await delay(1000);
        result = await start();
      }
      const output = `${place}: ${text}\n${result.stdout}${result.stderr}`;
      assert.ok(isExpected(result), output);
      if (shown.includes('doctor')) assertDoctor(result, keys.includes('schedule apply'), output);
      else assert.equal(result.code, 0, output);
      if (shown.includes('cp'))
        editConfig(join(env['PWD'] ?? copy, 'refresh.yaml'), login.username, services);
    },
    stop: () => stops.stopAll(),
  };
}

/** Before the schedule is applied, only the schedule and a worker may be missing. */
function assertDoctor({ code, stdout }: CommandResult, isApplied: boolean, output: string): void {
  const failed = stdout.split('\n').filter((line) => line.startsWith('FAILED  '));
  const unexpected = failed.filter((line) => isApplied || !/^FAILED +(schedule|workers) /.test(line));
  assert.deepEqual(unexpected, [], output);
  assert.equal(code, failed.length === 0 ? 0 : 1, output);
  assert.match(stdout, /^ok +registry .* accepts the token$/m, output);
}

/** Edits the marked lines, then adds what a registry that is not one of ECR needs. */
function editConfig(file: string, username: string, { airflow, registry }: Services): void {
  const text = readFileSync(file, 'utf8');
  assert.equal(text.match(/# <-/g)?.length, 2);
  const edited = text
    .replace(/url: \S+ # <-.*/, `url: ${airflow.url}`)
    .replace(/connections: .* # <-.*/, 'connections: [docker_default]')
    .replace(/username: \S+/, `username: ${username}`);
  assert.ok(!edited.includes('# <-'));
  const registries = `[{name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}]`;
  writeFileSync(file, `${edited}\nregistries: ${registries}\ndocker: {engines: []}\n`);
}
