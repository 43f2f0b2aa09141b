// Commands end, whatever still keeps their process alive: peers that accept connections and stay silent, programs that
// never return, lookups without a response. All run at the same time, since most of the time they only wait.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { builtCli } from './built-cli.js';

/** The documented limit, and what a busy machine adds. */
const LIMIT_MS = 15_000 + 10_000;
/** Ends a process that would never end: without the limit of the command it would be seen here. */
const KILL_MS = 170_000;
const MANY = 6_000;
const NOWHERE = '127.0.0.1:1';
const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

interface End {
  readonly code: number | null;
  readonly output: string;
  /** Between the last output and the end of the process. */
  readonly lingerMs: number;
}

async function timeEnd(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<End> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  // The whole group: a shell does not pass on the signal.
  const killer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), KILL_MS);
  let output = '';
  let lastMs = performance.now();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      lastMs = performance.now();
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(killer);
  return { code, output, lingerMs: performance.now() - lastMs };
}

describe('the end of commands', function () {
  this.timeout(240_000);
  let folder: string;
  let silent: Server;
  let airflow: AirflowStandIn;
  const sockets = new Set<Socket>();
  const ends = new Map<string, Promise<End>>();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-end-'));
    silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    airflow = await startAirflowStandIn({
      connections: [{ connection_id: 'docker_default', conn_type: 'docker', host: ECR_HOST, login: 'AWS' }],
    });
    await startCommands();
  });

  after(async () => {
    await Promise.all(ends.values());
    for (const socket of sockets) socket.destroy();
    silent?.close();
    await airflow?.stop();
    rmSync(folder, { recursive: true });
  });

  /** @returns its path */
  function writeConfig(name: string, url: string, connections: string): string {
    const path = join(folder, name);
    const auth = '{username: op, password: {env: AIRFLOW_PASSWORD}}';
    const text = `version: 1
airflows: [{name: main, url: "${url}", auth: ${auth}, connections: [${connections}]}]
docker: {engines: []}
`;
    writeFileSync(path, text);
    return path;
  }

  async function startCommands(): Promise<void> {
    const cli = await builtCli();
    const config = writeConfig('refresh.yaml', airflow.url, 'docker_default');
    const many = Array.from({ length: MANY }, (_, index) => `docker_${index}`).join(', ');
    const manyConfig = writeConfig('many.yaml', `http://${NOWHERE}`, many);
    const silentAddress = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      AIRFLOW_PASSWORD: 'op',
      ECR_REFRESH_CONFIG: config,
      TEMPORAL_ADDRESS: NOWHERE,
    };
    const start = (title: string, args: readonly string[], changes: NodeJS.ProcessEnv): void =>
      void ends.set(title, timeEnd(process.execPath, [cli, ...args], { ...env, ...changes }));

    const endpoint = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${silentAddress}/credentials` };
    start('refresh-once endpoint', ['refresh-once', '--retry-for', '1s'], endpoint);
    start('doctor endpoint', ['doctor'], endpoint);

    writeFileSync(join(folder, 'aws-config'), '[profile slow]\ncredential_process = sleep 600\n');
    const program = { AWS_CONFIG_FILE: join(folder, 'aws-config'), AWS_PROFILE: 'slow' };
    start('refresh-once program', ['refresh-once', '--retry-for', '1s'], program);
    start('doctor program', ['doctor'], program);

    const temporal = { TEMPORAL_ADDRESS: silentAddress, TEMPORAL_TLS: 'true' };
    start('status', ['status'], temporal);
    // The reader begins after the time when the command could have ended the process.
    const pipe = ['-c', '"$0" "$@" | (sleep 40; cat)', process.execPath, cli, 'doctor', '--json'];
    ends.set('pipe', timeEnd('sh', pipe, { ...env, ...temporal, ECR_REFRESH_CONFIG: manyConfig }));
  }

  async function assertEnd(title: string, output: RegExp): Promise<void> {
    const end = await ends.get(title);
    assert.ok(end);
    assert.match(end.output, output);
    assert.deepEqual([end.code, end.lingerMs < LIMIT_MS], [1, true], `${end.lingerMs} ms`);
  }

  for (const { what, title } of [
    { what: 'a credentials endpoint that accepts connections and never responds', title: 'endpoint' },
    { what: 'a credential_process that never returns', title: 'program' },
  ] as const) {
    it(`of refresh-once is not delayed by ${what}`, () =>
      assertEnd(`refresh-once ${title}`, /AWS credentials/));
    it(`of doctor is not delayed by ${what}`, () => assertEnd(`doctor ${title}`, /AWS credentials/));
  }

  it('of status is not delayed by a TLS handshake that never completes', () =>
    assertEnd('status', /^Temporal at 127\.0\.0\.1:\d+, namespace default: /));

  it('comes after all output has been read from a pipe', async () => {
    const end = await ends.get('pipe');
    assert.ok(end && end.output.length > 256 * 1024, `${end?.output.length} characters`);
    assert.equal((JSON.parse(end.output) as { outcome: string }).outcome, 'failed');
  });
});
