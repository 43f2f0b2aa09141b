// Inputs that name only what the configuration allows, but ask for more than a run does.
import assert from 'node:assert/strict';
import type { RefreshActivities } from '../../src/activities/index.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  FakeEngine,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  namedRegistry,
} from '../fakes/fake-ports.js';
import { ENGINE, GROUP, REGISTRY } from '../fakes/fake-steps.js';

const ID = 'docker_default';
const FOREIGN = '999999999999.dkr.ecr.us-east-1.amazonaws.com';
const UPDATE = {
  configHash: CONFIG_HASH,
  store: 'main',
  registry: REGISTRY,
  group: GROUP,
  attemptsBefore: 0,
};
const INSPECT = { configHash: CONFIG_HASH, store: 'main', attemptsBefore: 0 };
const EXTRACT = { configHash: CONFIG_HASH, group: GROUP };
const OWN = namedRegistry({ name: 'own' });
const OF_REGISTRY: ConnectionRule = { kind: 'id', id: ID, registry: 'own', ifMissing: 'fail' };
const OF_HOST: ConnectionRule = { kind: 'match', pattern: 'team_*' };

describe('limits of the inputs of activities', () => {
  let airflow: FakeAirflow;
  let issuer: FakeIssuer;
  let registries: FakeRegistries;
  let engine: FakeEngine;

  beforeEach(() => {
    airflow = new FakeAirflow([dockerConnection(), dockerConnection({ id: 'team_a', host: FOREIGN })]);
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
    engine = new FakeEngine();
  });

  function worker(rules: readonly ConnectionRule[], entries = [OWN]): RefreshActivities {
    const source = fakeSource({ airflow, engine, rules, registries: entries });
    return fakeActivities(source, { issuer, registry: registries });
  }

  /** Also asserts that no request was sent to Airflow, ECR, a registry or an engine. */
  async function assertRejected(call: Promise<unknown>): Promise<void> {
    await expectFailure('InputNotAllowed', call);
    assert.deepEqual([airflow.calls, issuer.regions, registries.shown, engine.signIns], [[], [], [], []]);
  }

  function ids(count: number): string[] {
    return Array.from({ length: count }, (_, index) => `team_${index}`);
  }

  function hosts(count: number): string[] {
    return Array.from({ length: count }, (_, index) =>
      REGISTRY.replace(/^\d+/, `${100_000_000_000 + index}`),
    );
  }

  describe('on the amount of work', () => {
    it('accept 100 connections or registries, and reject 101', async () => {
      const activities = worker([OF_HOST]);
      await assertRejected(
        activities.inspectConnections(attemptOf(), { ...INSPECT, target: { connections: ids(101) } }),
      );
      await assertRejected(activities.updateConnections(attemptOf(), { ...UPDATE, connections: ids(101) }));
      await assertRejected(activities.extractToken(attemptOf(), { ...EXTRACT, registries: hosts(101) }));
      await activities.inspectConnections(attemptOf(), { ...INSPECT, target: { connections: ids(100) } });
      await activities.updateConnections(attemptOf(), { ...UPDATE, connections: ids(100) });
      await activities.extractToken(attemptOf(), { ...EXTRACT, registries: hosts(100) });
    });

    it('reject a connection or registry that is named twice', async () => {
      const activities = worker([OF_HOST]);
      const connections = ['team_a', 'team_b', 'team_a'];
      await assertRejected(
        activities.inspectConnections(attemptOf(), { ...INSPECT, target: { connections } }),
      );
      await assertRejected(activities.updateConnections(attemptOf(), { ...UPDATE, connections }));
      const twice = { ...EXTRACT, registries: [REGISTRY, REGISTRY] };
      await assertRejected(activities.extractToken(attemptOf(), twice));
    });

    it('reject more named connections in one inspection than a run reads', async () => {
      const target = { named: { offset: 0, limit: 21 } };
      await assertRejected(worker([OF_HOST]).inspectConnections(attemptOf(), { ...INSPECT, target }));
    });

    it('reject more earlier attempts than a run can make', async () => {
      const input = { ...UPDATE, connections: ['team_a'], attemptsBefore: 10_001 };
      await assertRejected(worker([OF_HOST]).updateConnections(attemptOf(), input));
    });

    it('reject a name that is longer than any in a configuration', async () => {
      const registry = 'a'.repeat(5000);
      const activities = worker([OF_HOST]);
      await assertRejected(
        activities.updateConnections(attemptOf(), { ...UPDATE, registry, connections: ['team_a'] }),
      );
      const docker = { configHash: CONFIG_HASH, engine: ENGINE, registry, group: GROUP };
      await assertRejected(activities.testDocker(attemptOf(), docker));
    });

    it('reject a field that no run sends', async () => {
      const input = { ...EXTRACT, registries: [REGISTRY], endpoint: 'http://evil.example.com' };
      await assertRejected(worker([OF_HOST]).extractToken(attemptOf(), input));
    });
  });

  describe('on ECR hosts that the configuration does not name', () => {
    it('allow none when every entry of connections names its registry', async () => {
      const activities = worker([OF_REGISTRY]);
      const docker = { configHash: CONFIG_HASH, engine: ENGINE, registry: FOREIGN, group: GROUP };
      await assertRejected(activities.extractToken(attemptOf(), { ...EXTRACT, registries: [FOREIGN] }));
      await assertRejected(
        activities.extractToken(attemptOf(), { ...EXTRACT, registries: [REGISTRY, FOREIGN] }),
      );
      await assertRejected(activities.testDocker(attemptOf(), docker));
      const update = { ...UPDATE, registry: FOREIGN, connections: [ID] };
      await assertRejected(activities.updateConnections(attemptOf(), update));
    });

    it('allow them when an entry takes the registry from the host, but not for the others', async () => {
      const activities = worker([OF_REGISTRY, OF_HOST]);
      await assertRejected(
        activities.updateConnections(attemptOf(), { ...UPDATE, registry: FOREIGN, connections: [ID] }),
      );
      await activities.extractToken(attemptOf(), { ...EXTRACT, registries: [FOREIGN] });
      const update = { ...UPDATE, registry: FOREIGN, connections: ['team_a'] };
      assert.deepEqual((await activities.updateConnections(attemptOf(), update)).written, ['team_a']);
    });

    it('allow only the principal without credentials of its own', async () => {
      const principal = { ...OWN.principal, kind: 'profile', name: 'other', profile: 'other' } as const;
      const activities = worker([OF_REGISTRY, OF_HOST], [{ ...OWN, principal }]);
      const group = 'other/us-east-1';
      await assertRejected(
        activities.extractToken(attemptOf(), { ...EXTRACT, group, registries: [FOREIGN] }),
      );
    });

    it('read no Airflow Variable for a host or group that its registry cannot have', async () => {
      const byVariable = { ...OWN, account: { airflow: 'main', key: 'account' } };
      const activities = worker([OF_REGISTRY], [byVariable]);
      const other = { configHash: CONFIG_HASH, group: 'default/eu-west-1' };
      const eu = REGISTRY.replace('us-east-1', 'eu-west-1');
      await assertRejected(activities.extractToken(attemptOf(), { ...other, registries: [eu] }));
      await assertRejected(
        activities.extractToken(attemptOf(), { ...EXTRACT, registries: ['evil.example.com'] }),
      );
      const foreign = { ...EXTRACT, group: 'other/us-east-1', registries: [REGISTRY] };
      await assertRejected(activities.extractToken(attemptOf(), foreign));
    });
  });
});
