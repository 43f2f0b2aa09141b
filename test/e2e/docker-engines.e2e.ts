// Docker Engines of every kind in one configuration: real ones on a socket, over TLS and over plain TCP, and engines
// that each fail in a different way. Each failure is reported separately, and none is reported as a bad token.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import {
  createCertificateAuthority,
  type Certificate,
  type CertificateAuthority,
} from '../support/certificate-authority.js';
import { canStartDockerEngine, startDockerEngine, type DockerEngine } from '../support/docker-engine.js';
import { findOnPath } from '../../sandbox/executables.js';
import { startRegistry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { listFailingEngines, startFailingParts, type FailingEngine } from './failing-engines.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine } from './run-command-line.js';
import { randomAwsKey } from './scan-suite.js';

const CONNECTION = 'docker_default';
/** Without these capabilities, file permissions also apply to root. */
const WITHOUT_OVERRIDE = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'];

describe('login from Docker Engines', function () {
  this.timeout(120_000);
  const stops = new Cleanup();
  let folder: string;
  let authority: CertificateAuthority;
  let client: Certificate;
  /** An engine on a socket and over TLS. */
  let guarded: DockerEngine;
  /** An engine on a socket and over unencrypted TCP. */
  let plain: DockerEngine;
  let configFor: (engines: readonly string[] | undefined) => string;
  let env: NodeJS.ProcessEnv;
  let checkPassword: () => ReturnType<AwsStandIn['check']>;

  before(async function () {
    if (!canStartDockerEngine()) skipOrFail(this, 'dockerd, and root to start it (Debian: docker.io)');
    for (const { program, packageName } of [
      { program: 'openssl', packageName: 'openssl' },
      { program: 'setpriv', packageName: 'util-linux' },
    ] as const) {
      if (findOnPath([program]) === undefined) skipOrFail(this, `${program} (Debian: ${packageName})`);
    }
    folder = mkdtempSync(join(tmpdir(), 'ecr-engines-'));
    await startParts();
    await startEngines();
  });

  after(async () => {
    await stops.stopAll();
    if (folder) rmSync(folder, { recursive: true });
  });

  async function startParts(): Promise<void> {
    const aws = stops.add(await startAwsStandIn());
    const registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
    const user = { username: 'ecr-refresh', password: 'of-the-stand-in', role: 'op' } as const;
    const airflow = stops.add(await startAirflowStandIn({ users: [user] }));
    const connection = { connection_id: CONNECTION, conn_type: 'docker', host: registry.host, login: 'AWS' };
    const rest = { description: null, schema: null, port: null, password: 'expired', extra: null };
    airflow.connections.set(CONNECTION, { ...connection, ...rest });
    checkPassword = () => aws.check(airflow.connections.get(CONNECTION)?.password ?? '');
    const home = join(folder, 'home');
    mkdirSync(home);
    env = {
      PATH: process.env['PATH'],
      HOME: home,
      ...aws.env,
      AWS_SECRET_ACCESS_KEY: randomAwsKey(),
      AIRFLOW_PASSWORD: user.password,
    };
    configFor = (engines) => {
      const path = join(folder, 'refresh.yaml');
      const docker = engines
        ? `docker:\n  engines:\n${engines.map((engine) => `    - ${engine}\n`).join('')}`
        : '';
      writeFileSync(
        path,
        `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: ${user.username}, password: {env: AIRFLOW_PASSWORD}}
    connections: [${CONNECTION}]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
${docker}`,
      );
      return path;
    };
  }

  async function startEngines(): Promise<void> {
    authority = await createCertificateAuthority(join(folder, 'tls'));
    const server = await authority.issueServer(['127.0.0.1']);
    client = await authority.issueClient('worker');
    const { certFile, keyFile } = server;
    const tls = { caFile: authority.caFile, certFile, keyFile };
    guarded = stops.add(await startDockerEngine({ stateFolder: join(folder, 'guarded'), tcp: { tls } }));
    plain = stops.add(await startDockerEngine({ stateFolder: join(folder, 'plain'), tcp: {} }));
  }

  async function refreshOnce(
    engines: readonly string[] | undefined,
    more: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number | null; report: RefreshReport; output: string }> {
    const args = ['refresh-once', '--json', '--retry-for', '1s', '--config', configFor(engines)];
    const { code, stdout, stderr } = await runCommandLine(args, { ...env, ...more }, WITHOUT_OVERRIDE);
    assert.ok(stdout.startsWith('{'), stdout + stderr);
    return { code, report: JSON.parse(stdout) as RefreshReport, output: stdout + stderr };
  }

  it('reports each engine separately, whether its login succeeds or fails', async () => {
    const parts = await startFailingParts({ folder, authority, client, guarded, plain }, stops);
    const failing = listFailingEngines(parts);
    const good = [
      `"${guarded.dockerHost}"`,
      `{url: "${guarded.tcpHost}", caFile: "${authority.caFile}", certFile: "${client.certFile}", keyFile: "${client.keyFile}"}`,
      `"${plain.tcpHost}"`,
    ];
    const { code, report, output } = await refreshOnce([...good, ...failing.map(({ setting }) => setting)]);

    assert.equal(code, 1, output);
    const logins = new Map(
      report.docker.map(({ engine, version, login }) => [engine, `${version} ${login}`]),
    );
    const engines = [guarded.dockerHost, guarded.tcpHost, plain.tcpHost];
    assert.deepEqual(logins, new Map(engines.map((engine) => [engine, `${guarded.version} ok`])));
    for (const expected of failing) assertReported(report, expected);
    assert.equal(report.failures.length, failing.length, JSON.stringify(report.failures));
    const messages = report.failures.map(({ message, engine = '' }) => message.replace(engine, ''));
    assert.equal(new Set(messages).size, failing.length, 'two failures have the same message');
    assert.equal(new Set(report.failures.map(({ remedy }) => remedy)).size, failing.length);
    // The connections were refreshed anyway.
    assert.equal(checkPassword(), 'valid');
  });

  function assertReported(report: RefreshReport, { what, url, message, remedy }: FailingEngine): void {
    const failure = report.failures.find(({ engine }) => engine === url);
    assert.ok(failure, `no failure reported for ${what}`);
    assert.deepEqual([failure.type, failure.stage], ['DockerEngineUnreachable', 'test'], what);
    assert.equal(failure.message, `${url}: ${message}`, what);
    assert.match(failure.remedy, remedy, what);
  }

  it('uses DOCKER_HOST by default, with the certificates in DOCKER_CERT_PATH', async () => {
    const certificates = join(folder, 'cert-path');
    mkdirSync(certificates);
    for (const { from, name } of [
      { from: authority.caFile, name: 'ca.pem' },
      { from: client.certFile, name: 'cert.pem' },
      { from: client.keyFile, name: 'key.pem' },
    ] as const) {
      copyFileSync(from, join(certificates, name));
      chmodSync(join(certificates, name), 0o600);
    }
    const { code, report, output } = await refreshOnce(undefined, {
      DOCKER_HOST: guarded.tcpHost,
      DOCKER_TLS_VERIFY: '1',
      DOCKER_CERT_PATH: certificates,
    });
    assert.equal(code, 0, output);
    assert.deepEqual(
      report.docker.map(({ engine, login }) => [engine, login]),
      [[guarded.tcpHost, 'ok']],
    );
  });

  it('is skipped when DOCKER_HOST cannot be used, and doctor warns about it', async () => {
    const unusable = { DOCKER_HOST: guarded.tcpHost, DOCKER_TLS_VERIFY: '1' };
    const { code, report, output } = await refreshOnce(undefined, unusable);
    assert.equal(code, 0, output);
    assert.deepEqual(report.docker, []);
    assert.match(
      report.warnings.join(),
      /`docker\.engines` is not set, and the default engine cannot be used, .*"ca\.pem" does not exist/,
    );
    const doctor = ['doctor', '--offline', '--config', configFor(undefined)];
    const { stdout } = await runCommandLine(doctor, { ...env, ...unusable });
    assert.match(
      stdout,
      /docker\.engines: is not set, .* DOCKER_CERT_PATH \(.*home\/\.docker\): file "ca\.pem" does not exist/,
    );
    assert.match(stdout, /Set DOCKER_CERT_PATH to the folder/);
  });
});
