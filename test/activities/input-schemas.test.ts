import assert from 'node:assert/strict';
import type { RefreshActivities } from '../../src/activities/index.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  fakeActivities,
  FakeAirflow,
  FakeEngine,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  namedRegistry,
} from '../fakes/fake-ports.js';
import { ENGINE, GROUP, REGISTRY } from '../fakes/fake-steps.js';

type Activity = Exclude<keyof RefreshActivities, 'planRefresh'>;

const GOOD: Readonly<Record<Activity, Readonly<Record<string, unknown>>>> = {
  inspectConnections: {
    configHash: CONFIG_HASH,
    store: 'main',
    target: { named: { offset: 0, limit: 20 } },
    attemptsBefore: 0,
  },
  extractToken: { configHash: CONFIG_HASH, group: GROUP, registries: [REGISTRY] },
  updateConnections: {
    configHash: CONFIG_HASH,
    store: 'main',
    registry: REGISTRY,
    group: GROUP,
    connections: ['docker_default'],
    attemptsBefore: 0,
  },
  testDocker: { configHash: CONFIG_HASH, engine: ENGINE, registry: REGISTRY, group: GROUP },
};

/** What anyone who reaches the task queue may send instead of a name. */
const NO_NAMES: readonly unknown[] = [undefined, null, 1, true, {}, [], ['main'], { toString: () => 'main' }];
const UNKNOWN_NAMES: readonly string[] = [
  '',
  'other',
  '__proto__',
  'constructor',
  'toString',
  'MAIN',
  'main ',
];

describe('what activities are given', () => {
  let airflow: FakeAirflow;
  let issuer: FakeIssuer;
  let registries: FakeRegistries;
  let engine: FakeEngine;
  let activities: RefreshActivities;

  beforeEach(() => {
    airflow = new FakeAirflow();
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
    engine = new FakeEngine();
    activities = fakeActivities(fakeSource({ airflow, engine }), { issuer, registry: registries });
  });

  function call(activity: Activity, input: unknown): Promise<unknown> {
    return (activities[activity] as (...args: unknown[]) => Promise<unknown>)(attemptOf(), input);
  }

  /** Nothing outside may have been asked: not Airflow, not ECR, no registry, no engine. */
  async function refuses(activity: Activity, input: unknown): Promise<void> {
    const failure = await expectFailure('InputNotAllowed', call(activity, input));
    assert.ok(!failure.message.includes('other'), 'what came from outside is not shown');
    assert.deepEqual([airflow.calls, issuer.regions, registries.shown, engine.signIns], [[], [], [], []]);
  }

  for (const activity of Object.keys(GOOD) as Activity[]) {
    describe(activity, () => {
      const good = GOOD[activity];

      it('is called with what a run gives it', async () => {
        await call(activity, good);
      });

      it('refuses what is not an object', async () => {
        for (const input of [undefined, null, 'main', 7, true, [], [good]]) await refuses(activity, input);
      });

      it('knows no other configuration than its own', async () => {
        for (const configHash of ['0123456789ab', '', 'x'.repeat(100), '__proto__']) {
          const failure = await expectFailure(
            'ConfigVersionMismatch',
            call(activity, { ...good, configHash }),
          );
          assert.ok(!failure.message.includes('xxx') && !failure.message.includes('proto'), failure.message);
        }
      });

      for (const field of Object.keys(good).filter((key) => typeof GOOD[activity][key] === 'string')) {
        it(`refuses a ${field} that is not a name`, async () => {
          for (const value of NO_NAMES) await refuses(activity, { ...good, [field]: value });
        });
      }

      for (const field of ['store', 'engine', 'registry', 'group'].filter((key) => key in good)) {
        it(`refuses a ${field} that is not allowed`, async () => {
          for (const value of UNKNOWN_NAMES) await refuses(activity, { ...good, [field]: value });
        });
      }
    });
  }

  describe('as the target of an inspection', () => {
    function inspect(target: unknown): Promise<unknown> {
      return call('inspectConnections', { ...GOOD.inspectConnections, target });
    }

    it('accepts positions of named connections, rows of the list, and ids', async () => {
      for (const target of [
        { named: { offset: 0, limit: 20 } },
        { listed: { offset: 100, limit: 100 } },
        { connections: ['docker_default'] },
      ]) {
        await inspect(target);
      }
    });

    it('refuses every other shape, and several at once', async () => {
      const named = { offset: 0, limit: 1 };
      for (const target of [
        undefined,
        null,
        'named',
        {},
        [],
        { page: 0 },
        { named: null },
        { named, listed: named },
        { named, connections: ['docker_default'] },
        { connections: [] },
        { connections: 'docker_default' },
        { connections: [1] },
      ]) {
        await refuses('inspectConnections', { ...GOOD.inspectConnections, target });
      }
    });

    it('refuses ranges that are not valid, or larger than those of a run', async () => {
      const notCounts = [-1, 1.5, NaN, Infinity, 2 ** 53, '0', undefined, null, [0]];
      const ranges = [
        ...notCounts.map((offset) => ({ offset, limit: 1 })),
        ...[0, 101, ...notCounts].map((limit) => ({ offset: 0, limit })),
        { offset: 1_000_001, limit: 1 },
      ];
      for (const range of ranges) {
        await refuses('inspectConnections', { ...GOOD.inspectConnections, target: { named: range } });
        await refuses('inspectConnections', { ...GOOD.inspectConnections, target: { listed: range } });
        await refuses('updateConnections', { ...GOOD.updateConnections, listed: range });
      }
    });

    it('refuses connections that are not configured, one among others too', async () => {
      for (const connections of [['other'], ['docker_default', 'other'], ['docker_/../variables']]) {
        const target = { connections };
        await refuses('inspectConnections', { ...GOOD.inspectConnections, target });
      }
    });
  });

  it('refuses a number of earlier attempts that is not valid', async () => {
    for (const activity of ['inspectConnections', 'updateConnections'] as const) {
      for (const attemptsBefore of [-1, 1.5, NaN, Infinity, '0', undefined, null, [0]]) {
        await refuses(activity, { ...GOOD[activity], attemptsBefore });
      }
    }
  });

  it('refuses a connection as evidence that is not a name, or that is not configured', async () => {
    for (const witness of [null, 0, true, {}, [], ['docker_default'], ...UNKNOWN_NAMES, '../x', '*']) {
      await refuses('updateConnections', { ...GOOD.updateConnections, witness });
    }
  });

  it('refuses connections that are not configured, one among others too', async () => {
    for (const connections of [
      undefined,
      'docker_default',
      [],
      [undefined],
      [['docker_default']],
      ['other'],
      ['docker_default', 'other'],
      { length: 1, 0: 'docker_default' },
      { every: 'x' },
    ]) {
      await refuses('updateConnections', { ...GOOD.updateConnections, connections });
    }
  });

  describe('where a pattern allows connections', () => {
    beforeEach(() => {
      const rules = [
        { kind: 'match', pattern: 'docker_*' },
        { kind: 'id', id: 'made', registry: 'eu', ifMissing: 'create' },
        { kind: 'id', id: 'kept', registry: 'eu', ifMissing: 'fail' },
      ] as const;
      const source = fakeSource({ airflow, engine, rules, registries: [namedRegistry({ name: 'eu' })] });
      activities = fakeActivities(source, { issuer, registry: registries });
    });

    function update(...connections: string[]): Promise<unknown> {
      return call('updateConnections', { ...GOOD.updateConnections, connections });
    }

    it('writes what it matches', async () => {
      await update('docker_default');
      assert.deepEqual([...airflow.passwords.keys()], ['docker_default']);
    });

    it('refuses everything that it does not match, one among others too', async () => {
      for (const id of [
        'other',
        'my_docker_x',
        'docker',
        'DOCKER_x',
        '',
        '*',
        'docker-x',
        'docker_*',
        'docker_/../variables',
        'docker_?x=y',
        'docker_ x',
        'docker_x\n',
        `docker_${'x'.repeat(200)}`,
      ]) {
        await refuses('updateConnections', { ...GOOD.updateConnections, connections: [id] });
        await refuses('updateConnections', {
          ...GOOD.updateConnections,
          connections: ['docker_default', id],
        });
      }
    });

    it('creates a connection only where its rule says so', async () => {
      await update('docker_gone', 'kept', 'made');
      assert.deepEqual(
        airflow.calls.filter((line) => line.startsWith('create')),
        ['create made'],
      );
    });
  });

  it('shows a token to no host that is neither configured nor ECR by its name', async () => {
    for (const host of [
      'evil.example.com',
      `${REGISTRY}.evil.com`,
      `${REGISTRY}:8443`,
      `AWS@${REGISTRY}`,
      'localhost',
    ]) {
      await refuses('extractToken', { ...GOOD.extractToken, registries: [host] });
      await refuses('extractToken', { ...GOOD.extractToken, registries: [REGISTRY, host] });
      await refuses('updateConnections', { ...GOOD.updateConnections, registry: host });
      await refuses('testDocker', { ...GOOD.testDocker, registry: host });
    }
  });

  it('refuses registries that do not form the group', async () => {
    const eu = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    await refuses('extractToken', { ...GOOD.extractToken, registries: [REGISTRY, eu] });
    await refuses('extractToken', { ...GOOD.extractToken, registries: [eu] });
    await refuses('extractToken', { ...GOOD.extractToken, registries: [] });
    await refuses('extractToken', { ...GOOD.extractToken, group: 'other/us-east-1' });
  });
});
