import assert from 'node:assert/strict';
import type { AllowedConfig } from '../../src/activities/allowed-config.js';
import { RegistryResolver } from '../../src/activities/registry-resolver.js';
import { DeadlineExceeded } from '../../src/net/deadline.js';
import { withFastTimers } from '../aws/fast-timers.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { attemptOf, CONFIG_HASH, FakeAirflow, fakeSource, namedRegistry } from '../fakes/fake-ports.js';

const BY_VARIABLE = namedRegistry({ name: 'dag', region: { airflow: 'main', key: 'ecr_region' } });

function toHost(region: string): string {
  return `123456789012.dkr.ecr.${region}.amazonaws.com`;
}

describe('RegistryResolver', () => {
  let airflow: FakeAirflow;
  let allowed: AllowedConfig;
  let resolver: RegistryResolver;

  beforeEach(() => {
    airflow = new FakeAirflow();
    airflow.variables.set('ecr_region', 'eu-west-1');
    allowed = fakeSource({ airflow, registries: [BY_VARIABLE] }).byHash(CONFIG_HASH) as AllowedConfig;
    resolver = new RegistryResolver();
  });

  it('reads a Variable once in a run', async () => {
    const [first, second] = [
      await resolver.find(allowed, BY_VARIABLE, attemptOf()),
      await resolver.find(allowed, BY_VARIABLE, attemptOf({ number: 2 })),
    ];
    assert.equal(first.host, toHost('eu-west-1'));
    assert.equal(second, first);
    assert.deepEqual(airflow.calls, ['variable ecr_region']);
  });

  it('does not use what the previous run has read', async () => {
    await resolver.find(allowed, BY_VARIABLE, attemptOf());
    airflow.variables.set('ecr_region', 'us-west-2');
    const { host } = await resolver.find(allowed, BY_VARIABLE, attemptOf({ runId: 'run-2' }));
    assert.equal(host, toHost('us-west-2'));
  });

  it('does not let a read of the previous run change the values of this run', async () => {
    let respond = (): void => undefined;
    airflow.onCall = () => new Promise<void>((resolve) => (respond = resolve));
    const late = resolver.find(allowed, BY_VARIABLE, attemptOf());
    const respondLate = respond;
    airflow.onCall = () => undefined;
    airflow.variables.set('ecr_region', 'us-west-2');
    await resolver.find(allowed, BY_VARIABLE, attemptOf({ runId: 'run-2' }));
    airflow.variables.set('ecr_region', 'eu-west-1');
    respondLate();
    await late;
    const { host } = await resolver.find(allowed, BY_VARIABLE, attemptOf({ runId: 'run-2' }));
    assert.equal(host, toHost('us-west-2'));
  });

  it('ends a read after 30 s, with a failure of the store', async () => {
    airflow.onCall = () => new Promise<void>(() => undefined);
    const { value, tookMs } = await withFastTimers(() =>
      expectFailure('StoreUnreachable', resolver.find(allowed, BY_VARIABLE, attemptOf({ limitMs: 120_000 }))),
    );
    assert.match(value.message, /^Airflow Variable of registry dag: no response within 30 s\.$/);
    assert.ok(tookMs >= 30_000 && tookMs < 31_000, `${tookMs} ms`);
  });

  it('stops waiting with the attempt, and the next one joins the read', async () => {
    let respond = (): void => undefined;
    airflow.onCall = () => new Promise<void>((resolve) => (respond = resolve));
    const controller = new AbortController();
    const ended = resolver.find(allowed, BY_VARIABLE, attemptOf({ signal: controller.signal }));
    controller.abort();
    await assert.rejects(ended, DeadlineExceeded);
    const next = resolver.find(allowed, BY_VARIABLE, attemptOf({ number: 2 }));
    respond();
    assert.equal((await next).host, toHost('eu-west-1'));
    assert.equal(airflow.calls.length, 1);
  });
});
