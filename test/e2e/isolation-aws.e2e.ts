// A region, MWAA environment or credential helper that is denied, throttled or slow does not block anything else.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logIn } from '../../sandbox/airflow/rest.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { Fault } from '../support/fault.js';
import { startMwaaStandIn } from '../support/mwaa.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { builtCli } from './built-cli.js';
import {
  configText,
  listWritten,
  overHttp,
  refreshOnce,
  registryEntry,
  startAirflow,
} from './isolation/play.js';
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

describe('a failing part of AWS', function () {
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

  async function run(name: string, config: string, retryFor: string, env: NodeJS.ProcessEnv = {}) {
    const startedAt = Date.now();
    const result = await refreshOnce(name, config, retryFor, { folder, env: { ...aws.env, ...env } });
    return { ...result, seconds: (Date.now() - startedAt) / 1000 };
  }

  it('ten denied regions do not block the token of an eleventh region', async () => {
    aws.setFault(({ region }) =>
      region === 'ca-central-1' ? undefined : { error: 'AccessDeniedException' },
    );
    const airflow = stops.add(await startAirflow(REGIONS, registry.host));
    const registries = REGIONS.map((region) => registryEntry(registry.host, region, region));
    const entries = REGIONS.map((region) => `{id: ${region}, registry: ${region}}`);
    const { report } = await run('denied', configText(overHttp(airflow), entries, registries), '5s');
    assert.deepEqual(listWritten(airflow), ['ca-central-1']);
    assert.deepEqual([report.failures[0]?.type, report.failures[0]?.count], ['AwsAccessDenied', 10]);
  });

  it('MWAA throttling at ten calls per second delays the run, and all 200 connections are written', async () => {
    const names = ids(200, 'm');
    const airflow = stops.add(await startAirflow(names, registry.host));
    const authorization = await logIn({ url: airflow.url, username: 'op', password: 'op' });
    const mwaa = stops.add(
      await startMwaaStandIn({
        environment: 'env',
        region: 'us-east-1',
        api: `${airflow.url}/api/v2`,
        authorize: async () => authorization,
      }),
    );
    mwaa.setFault(tokenBucket());
    const { code, report, seconds } = await run(
      'mwaa',
      configText('auth: {mwaa: {environment: env, region: us-east-1}}', names, [
        registryEntry(registry.host),
      ]),
      '180s',
      mwaa.env,
    );
    assert.deepEqual([code, listWritten(airflow).length], [0, 200], JSON.stringify(report.failures));
    process.stderr.write(`      ${seconds.toFixed(0)} s, ${mwaa.calls.length} calls\n`);
  });

  it('a credential helper that takes 20 s succeeds', async () => {
    const airflow = stops.add(await startAirflow(['a'], registry.host));
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
    const entry = registryEntry(registry.host, 'test', 'us-east-1', ', credentials: {profile: slow}');
    const { code, report } = await run('helper', configText(overHttp(airflow), ['a'], [entry]), '60s', {
      AWS_CONFIG_FILE: join(folder, 'aws-config'),
    });
    assert.deepEqual([code, listWritten(airflow)], [0, ['a']], JSON.stringify(report.failures));
  });
});

/** Ten calls per second, ten concurrent; each takes 20 ms. */
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
