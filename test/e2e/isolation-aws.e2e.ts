// What AWS denies, throttles or delays holds up nothing else: principals, regions, MWAA and slow credentials.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { Fault } from '../support/fault.js';
import { startMwaaStandIn } from '../support/mwaa.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { builtCli } from './built-cli.js';
import { dockerConnection, refreshOnce } from './isolation/play.js';
import { ids } from './isolation/scenarios.js';

const REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'eu-central-1',
  'eu-north-1',
  'sa-east-1',
  'ca-central-1',
];

describe('a part of AWS that fails', function () {
  this.timeout(240_000);
  const stops = new Cleanup();
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-isolation-aws-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
    await builtCli();
  });

  afterEach(() => aws.setFault(undefined));

  after(async () => {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  });

  async function startAirflow(connections: ReadonlyMap<string, string>): Promise<AirflowStandIn> {
    const airflow = stops.add(await startAirflowStandIn());
    for (const [id, host] of connections) airflow.connections.set(id, dockerConnection(id, host));
    return airflow;
  }

  function written({ connections }: AirflowStandIn): string[] {
    return [...connections.values()]
      .filter(({ password }) => password !== 'old')
      .map(({ connection_id }) => connection_id);
  }

  async function run(name: string, config: string, retryFor: string, env: NodeJS.ProcessEnv = {}) {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, config);
    const startedAt = Date.now();
    const result = await refreshOnce(path, retryFor, { folder, env: { ...aws.env, ...env } });
    assert.ok(result.stdout.startsWith('{'), result.stdout + result.stderr);
    const report = JSON.parse(result.stdout) as RefreshReport;
    return { ...result, report, seconds: (Date.now() - startedAt) / 1000 };
  }

  function configText(
    airflow: string,
    connections: readonly string[],
    registries: readonly string[],
  ): string {
    return `version: 1
airflows:
  - name: main
${airflow}
    connections: [${connections.join(', ')}]
registries:
${registries.map((entry) => `  - ${entry}\n`).join('')}docker: {engines: []}
`;
  }

  function overHttp({ url }: AirflowStandIn): string {
    return `    url: "${url}"\n    auth: {username: op, password: {env: PW}}`;
  }

  it('ten denied regions do not keep an eleventh from its token', async () => {
    aws.setFault(({ region }) =>
      region === 'ca-central-1' ? undefined : { error: 'AccessDeniedException' },
    );
    const airflow = await startAirflow(new Map(REGIONS.map((region) => [region, registry.host])));
    const registries = REGIONS.map(
      (region) =>
        `{name: ${region}, account: "123456789012", region: ${region}, registryHost: "${registry.host}"}`,
    );
    const entries = REGIONS.map((region) => `{id: ${region}, registry: ${region}}`);
    const { report } = await run('denied', configText(overHttp(airflow), entries, registries), '5s');
    assert.deepEqual(written(airflow), ['ca-central-1']);
    assert.deepEqual([report.failures[0]?.type, report.failures[0]?.count], ['AwsAccessDenied', 10]);
  });

  it('MWAA that throttles at ten calls a second is waited for, and 200 connections are written', async () => {
    const names = ids(200, 'm');
    const airflow = await startAirflow(new Map(names.map((id) => [id, registry.host])));
    const token = await logIn(airflow);
    const mwaa = stops.add(
      await startMwaaStandIn({
        environment: 'env',
        region: 'us-east-1',
        api: `${airflow.url}/api/v2`,
        authorize: async () => `Bearer ${token}`,
      }),
    );
    mwaa.setFault(tokenBucket());
    const { code, report, seconds } = await run(
      'mwaa',
      configText('    auth: {mwaa: {environment: env, region: us-east-1}}', names, [
        `{name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}`,
      ]),
      '180s',
      mwaa.env,
    );
    assert.deepEqual([code, written(airflow).length], [0, 200], JSON.stringify(report.failures));
    process.stderr.write(`      ${seconds.toFixed(0)} s, ${mwaa.calls.length} calls\n`);
  });

  it('a credential helper that takes 20 s succeeds', async () => {
    const airflow = await startAirflow(new Map([['a', registry.host]]));
    const keys = JSON.stringify({
      Version: 1,
      AccessKeyId: 'AKIAHELPER',
      SecretAccessKey: 'secret-of-helper',
    });
    writeFileSync(join(folder, 'keys.json'), keys);
    writeFileSync(
      join(folder, 'aws-config'),
      `[profile slow]\ncredential_process = sh -c 'sleep 20; cat ${join(folder, 'keys.json')}'\n`,
    );
    const { code, report } = await run(
      'helper',
      configText(
        overHttp(airflow),
        ['a'],
        [
          `{name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}", credentials: {profile: slow}}`,
        ],
      ),
      '60s',
      { AWS_CONFIG_FILE: join(folder, 'aws-config') },
    );
    assert.deepEqual([code, written(airflow)], [0, ['a']], JSON.stringify(report.failures));
  });
});

async function logIn({ url }: AirflowStandIn): Promise<string> {
  const response = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'op', password: 'op' }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Ten calls a second, ten at once; each takes 20 ms. */
function tokenBucket(): () => Fault {
  let tokens = 10;
  let filledAt = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(10, tokens + ((now - filledAt) / 1000) * 10);
    filledAt = now;
    if (tokens < 1) {
      return {
        status: 400,
        headers: { 'x-amzn-errortype': 'ThrottlingException' },
        body: { message: 'Rate exceeded' },
      };
    }
    tokens -= 1;
    return { delayMs: 20 };
  };
}
