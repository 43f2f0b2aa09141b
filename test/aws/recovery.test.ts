// Retries of a run whose principal is fixed while the run is in progress, with the activities and limits of a real run,
// in this process and with a clock that jumps.
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { startAirflowStandIn } from '../support/airflow-stand-in.js';
import { throttleFirst } from '../support/aws.js';
import { startContainerCredentials } from '../support/aws-credentials.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { createInProcessSteps, toFailureInfo } from '../../src/refresh-once/run-in-process.js';
import { createApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/load.js';
import type { ExtractedToken, StepCall, TokenInfo } from '../../src/refresh/activity-types.js';
import { Semaphore } from '../../src/refresh/semaphore.js';
import { StepRunner } from '../../src/refresh/step-runner.js';
import {
  keys,
  roleArn,
  SECRET_KEY,
  sessionArn,
  startAwsFixture,
  WORKER_ARN,
  type AwsFixture,
} from './aws-fixture.js';
import { withFastTimers } from './fast-timers.js';

const MINUTE_MS = 60_000;

describe('a run whose principal is fixed meanwhile', () => {
  let fixture: AwsFixture;
  let registry: Registry;
  let airflow: Awaited<ReturnType<typeof startAirflowStandIn>>;
  let waits: number[];

  beforeEach(async () => {
    fixture = await startAwsFixture();
    registry = await startRegistry({ aws: fixture.aws, stateFolder: fixture.folder, storage: false });
    airflow = await startAirflowStandIn();
    fixture.set({ AIRFLOW_PASSWORD: 'op' });
    waits = [];
  });
  afterEach(async () => {
    await airflow.stop();
    await registry.stop();
    await fixture.stop();
  });

  /** Extracts a token as in a run of 3 h; `fix` is called at each wait. */
  async function extract(credentials: string, fix: (waited: number) => void): Promise<TokenInfo> {
    const file = fixture.write(
      'refresh.yaml',
      `version: 1
airflows:
  - {name: main, url: "${airflow.url}", auth: {username: op, password: {env: AIRFLOW_PASSWORD}}, connections: [a]}
registries:
  - {name: x, account: "111122223333", region: us-east-1, registryHost: "${registry.host}"${credentials}}
docker: {engines: []}
`,
    );
    const config = loadConfig(file);
    const { activities } = createApp(config);
    const group = config.registries[0]?.principal.name;
    let nowMs = Date.now();
    const clock = {
      nowMs: () => nowMs,
      wait: async (ms: number) => {
        waits.push(ms / MINUTE_MS);
        nowMs += ms;
        fix(waits.length);
      },
    };
    const deadlineMs = nowMs + 180 * MINUTE_MS;
    const steps = createInProcessSteps(activities, 'run', deadlineMs, clock);
    const input = { configHash: config.hash, group: `${group}/us-east-1`, registries: [registry.host] };
    const runner = new StepRunner({
      now: () => new Date(nowMs),
      deadlineMs,
      retryForMs: Infinity,
      wait: clock.wait,
      describe: toFailureInfo,
    });
    const step = { name: 'extractToken', target: group ?? '' } as const;
    const call = (how: StepCall): Promise<ExtractedToken> => steps.extractToken(input, how);
    return (await runner.run({ ...step, call }, new Semaphore(1))).token;
  }

  const role = `, credentials: {roleArn: "${roleArn('pull')}"}`;

  it('gets a token within ten minutes after the trust policy of the role was fixed', async () => {
    let isTrusted = false;
    fixture.aws.setRole(roleArn('pull'), { trusts: () => isTrusted });
    const facts = await extract(role, (waited) => void (isTrusted = waited === 2));
    assert.deepEqual([facts.principalArn, facts.probes[0]?.outcome], [sessionArn('pull'), 'accepted']);
    assert.deepEqual(waits, [10, 10]);
    assert.equal(fixture.count('AssumeRole'), 3);
  });

  it('gets a token after the policy of the principal was fixed', async () => {
    fixture.aws.setFault(({ service }) =>
      service === 'ecr' ? { error: 'AccessDeniedException' } : undefined,
    );
    const facts = await extract('', () => fixture.aws.setFault(undefined));
    assert.deepEqual([facts.principalArn, waits], [WORKER_ARN, [10]]);
  });

  it('gets a token with the new keys in the credentials file', async () => {
    fixture.withoutKeys();
    fixture.aws.setFault(({ accessKeyId }) =>
      accessKeyId === 'AKIDOLD' ? { error: 'UnrecognizedClientException' } : undefined,
    );
    fixture.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    const facts = await extract('', () => fixture.write('credentials', `[default]\n${keys('AKIDNEW')}`));
    assert.deepEqual([facts.principalArn, waits], [WORKER_ARN, [10]]);
  });

  it('gets a token with a credential_process that outlasts the first attempt, and starts it once', async () => {
    fixture.withoutKeys();
    const [held, started] = [fixture.write('held', ''), fixture.write('started', '')];
    const output = fixture.write(
      'keys.json',
      JSON.stringify({ Version: 1, AccessKeyId: 'AKIDSSO', SecretAccessKey: SECRET_KEY }),
    );
    const program = fixture.write(
      'program.sh',
      `echo x >> '${started}'; while [ -e '${held}' ]; do sleep 0.05; done; cat '${output}'\n`,
    );
    fixture.write('config', `[default]\ncredential_process = sh '${program}'\n`);
    const { value: facts } = await withFastTimers(() => extract('', () => rmSync(held)));
    assert.deepEqual([facts.principalArn, waits.length], [WORKER_ARN, 1]);
    assert.equal(readFileSync(started, 'utf8'), 'x\n');
  });

  it('gets a token once the container credentials endpoint responds', async () => {
    const source = await startContainerCredentials({
      aws: fixture.aws,
      roleArn: roleArn('task'),
      stateFolder: fixture.folder,
    });
    try {
      fixture.set({ ...source.env, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/' });
      fixture.withoutKeys();
      const facts = await extract('', () => fixture.set(source.env));
      assert.equal(facts.principalArn, sessionArn('task', 'container'));
      assert.equal(waits.length, 1);
      assert.ok((waits[0] ?? 1) < 1, `${waits[0]} min`);
    } finally {
      await source.stop();
    }
  });

  for (const status of [200, 302, 403]) {
    it(`gets a token seconds after a proxy has responded instead of ECR, with status ${status}`, async () => {
      fixture.aws.setFault(({ service }) =>
        service === 'ecr' ? { status, body: '<html>', headers: { 'Content-Type': 'text/html' } } : undefined,
      );
      const facts = await extract('', () => fixture.aws.setFault(undefined));
      assert.equal(facts.principalArn, WORKER_ARN);
      assert.deepEqual(
        waits.map((minutes) => minutes * 60),
        [2],
      );
    });
  }

  it('waits seconds, not minutes, while ECR throttles', async () => {
    fixture.aws.setFault(throttleFirst(4));
    await extract('', () => undefined);
    assert.deepEqual(
      waits.map((minutes) => minutes * 60),
      [2],
    );
  });
});
