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

const VALID: Readonly<Record<Activity, Readonly<Record<string, unknown>>>> = {
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
const NOT_NAMES: readonly unknown[] = [
  undefined,
  null,
  1,
  true,
  {},
  [],
  ['main'],
  { toString: () => 'main' },
];
const UNKNOWN_NAMES: readonly string[] = [
  '',
  'other',
  '__proto__',
  'constructor',
  'toString',
  'MAIN',
  'main ',
];

describe('inputs of activities', () => {
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

  /** Also asserts that no request was sent to Airflow, ECR, a registry or an engine. */
  async function assertRejected(activity: Activity, input: unknown): Promise<void> {
    const failure = await expectFailure('InputNotAllowed', call(activity, input));
    assert.ok(!failure.message.includes('other'), 'the input is shown');
    assert.deepEqual([airflow.calls, issuer.regions, registries.shown, engine.signIns], [[], [], [], []]);
  }

  for (const activity of Object.keys(VALID) as Activity[]) {
    describe(activity, () => {
      const valid = VALID[activity];

      it('accepts the input of a run', async () => {
        await call(activity, valid);
      });

      it('rejects an input that is not an object', async () => {
        for (const input of [undefined, null, 'main', 7, true, [], [valid]])
          await assertRejected(activity, input);
      });

      it('rejects the hash of an unknown configuration', async () => {
        for (const configHash of ['0123456789ab', '', 'x'.repeat(100), '__proto__']) {
          const failure = await expectFailure(
            'ConfigVersionMismatch',
            call(activity, { ...valid, configHash }),
          );
          assert.ok(!failure.message.includes('xxx') && !failure.message.includes('proto'), failure.message);
        }
      });

      for (const field of Object.keys(valid).filter((key) => typeof VALID[activity][key] === 'string')) {
        it(`rejects a ${field} that is not a name`, async () => {
          for (const value of NOT_NAMES) await assertRejected(activity, { ...valid, [field]: value });
        });
      }

      for (const field of ['store', 'engine', 'registry', 'group'].filter((key) => key in valid)) {
        it(`rejects a ${field} that is not allowed`, async () => {
          for (const value of UNKNOWN_NAMES) await assertRejected(activity, { ...valid, [field]: value });
        });
      }
    });
  }

  describe('planRefresh', () => {
    const plan = (input?: unknown): Promise<unknown> => activities.planRefresh(attemptOf(), input);
    const store = { name: 'main', deployment: 'https://airflow.example.com' };

    it('accepts no input, and the stores of a schedule', async () => {
      await plan();
      await plan({});
      await plan({ scheduledStores: [store] });
    });

    it('rejects anything else', async () => {
      for (const input of [
        null,
        'main',
        [],
        { other: 1 },
        { scheduledStores: undefined },
        { scheduledStores: [] },
        { scheduledStores: 'main' },
        { scheduledStores: [{ ...store, deployment: '\u001b[2J' }] },
      ]) {
        await expectFailure('InputNotAllowed', plan(input));
      }
    });
  });

  describe('as the target of an inspection', () => {
    function inspect(target: unknown): Promise<unknown> {
      return call('inspectConnections', { ...VALID.inspectConnections, target });
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

    it('rejects any other shape, and several targets at once', async () => {
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
        await assertRejected('inspectConnections', { ...VALID.inspectConnections, target });
      }
    });

    it('rejects ranges that are not valid, or larger than those of a run', async () => {
      const notCounts = [-1, 1.5, NaN, Infinity, 2 ** 53, '0', undefined, null, [0]];
      const ranges = [
        ...notCounts.map((offset) => ({ offset, limit: 1 })),
        ...[0, 101, ...notCounts].map((limit) => ({ offset: 0, limit })),
        { offset: 1_000_001, limit: 1 },
      ];
      for (const range of ranges) {
        await assertRejected('inspectConnections', { ...VALID.inspectConnections, target: { named: range } });
        await assertRejected('inspectConnections', {
          ...VALID.inspectConnections,
          target: { listed: range },
        });
        await assertRejected('updateConnections', { ...VALID.updateConnections, listed: range });
      }
    });

    it('rejects connections that are not configured, even one among others', async () => {
      for (const connections of [['other'], ['docker_default', 'other'], ['docker_/../variables']]) {
        const target = { connections };
        await assertRejected('inspectConnections', { ...VALID.inspectConnections, target });
      }
    });
  });

  it('rejects an invalid number of earlier attempts', async () => {
    for (const activity of ['inspectConnections', 'updateConnections'] as const) {
      for (const attemptsBefore of [-1, 1.5, NaN, Infinity, '0', undefined, null, [0]]) {
        await assertRejected(activity, { ...VALID[activity], attemptsBefore });
      }
    }
  });

  it('rejects a witness that is not a name, or that is not configured', async () => {
    for (const witness of [null, 0, true, {}, [], ['docker_default'], ...UNKNOWN_NAMES, '../x', '*']) {
      await assertRejected('updateConnections', { ...VALID.updateConnections, witness });
    }
  });

  it('rejects connections that are not configured, even one among others', async () => {
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
      await assertRejected('updateConnections', { ...VALID.updateConnections, connections });
    }
  });

  describe('when a pattern allows connections', () => {
    beforeEach(() => {
      const rules = [
        { kind: 'match', pattern: 'docker_*' },
        { kind: 'id', id: 'new', registry: 'eu', ifMissing: 'create' },
        { kind: 'id', id: 'kept', registry: 'eu', ifMissing: 'fail' },
      ] as const;
      const source = fakeSource({ airflow, engine, rules, registries: [namedRegistry({ name: 'eu' })] });
      activities = fakeActivities(source, { issuer, registry: registries });
    });

    function update(...connections: string[]): Promise<unknown> {
      return call('updateConnections', { ...VALID.updateConnections, connections });
    }

    it('writes a connection that it matches', async () => {
      await update('docker_default');
      assert.deepEqual([...airflow.passwords.keys()], ['docker_default']);
    });

    it('rejects connections that it does not match, even one among others', async () => {
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
        await assertRejected('updateConnections', { ...VALID.updateConnections, connections: [id] });
        await assertRejected('updateConnections', {
          ...VALID.updateConnections,
          connections: ['docker_default', id],
        });
      }
    });

    it('creates a connection only if its rule allows it', async () => {
      await update('docker_gone', 'kept', 'new');
      assert.deepEqual(
        airflow.calls.filter((line) => line.startsWith('create')),
        ['create new'],
      );
    });
  });

  it('sends no token to a host that is neither configured nor an ECR host', async () => {
    for (const host of [
      'evil.example.com',
      `${REGISTRY}.evil.com`,
      `${REGISTRY}:8443`,
      `AWS@${REGISTRY}`,
      'localhost',
    ]) {
      await assertRejected('extractToken', { ...VALID.extractToken, registries: [host] });
      await assertRejected('extractToken', { ...VALID.extractToken, registries: [REGISTRY, host] });
      await assertRejected('updateConnections', { ...VALID.updateConnections, registry: host });
      await assertRejected('testDocker', { ...VALID.testDocker, registry: host });
    }
  });

  it('rejects registries that do not belong to the group', async () => {
    const eu = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
    await assertRejected('extractToken', { ...VALID.extractToken, registries: [REGISTRY, eu] });
    await assertRejected('extractToken', { ...VALID.extractToken, registries: [eu] });
    await assertRejected('extractToken', { ...VALID.extractToken, registries: [] });
    await assertRejected('extractToken', { ...VALID.extractToken, group: 'other/us-east-1' });
  });
});
