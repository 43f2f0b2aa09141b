import assert from 'node:assert/strict';
import type { RefreshActivities } from '../../src/activities/index.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import type { RegistryEntry } from '../../src/refresh/registry-entries.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { Inspection, InspectTarget } from '../../src/refresh/activity-types.js';
import { deferred } from '../fakes/deferred.js';
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

const EU_HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const BY_VARIABLES = namedRegistry({
  name: 'dag',
  account: { airflow: 'main', key: 'ecr_aws_account' },
  region: { airflow: 'main', key: 'ecr_aws_region_name' },
});
const LOCAL: RegistryEntry = { ...BY_VARIABLES, registryHost: 'localhost:5000' };
const NAMED: InspectTarget = { named: { offset: 0, limit: 20 } };
const RULES: readonly ConnectionRule[] = [
  { kind: 'id', id: 'docker_default', registry: 'dag', ifMissing: 'fail' },
  { kind: 'id', id: 'inferred', ifMissing: 'fail' },
];

describe('account and region of a registry from Airflow Variables', () => {
  let airflow: FakeAirflow;
  let issuer: FakeIssuer;
  let registries: FakeRegistries;
  let activities: RefreshActivities;

  beforeEach(() => {
    airflow = new FakeAirflow([dockerConnection(), dockerConnection({ id: 'inferred' })]);
    airflow.variables.set('ecr_aws_account', '123456789012');
    airflow.variables.set('ecr_aws_region_name', 'us-east-1');
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
    activities = worker();
  });

  /** The activities of a new worker process, which does not know what another one has read. */
  function worker(settings = BY_VARIABLES, rules: readonly ConnectionRule[] = RULES): RefreshActivities {
    const source = fakeSource({ airflow, rules, registries: [settings], engine: new FakeEngine() });
    return fakeActivities(source, { issuer, registry: registries });
  }

  function inspect(runId = 'run-1', target: InspectTarget = NAMED): Promise<Inspection> {
    return activities.inspectConnections(attemptOf({ runId }), {
      configHash: CONFIG_HASH,
      store: 'main',
      target,
      attemptsBefore: 0,
    });
  }

  function update(registry = REGISTRY) {
    const input = {
      configHash: CONFIG_HASH,
      store: 'main',
      registry,
      group: GROUP,
      connections: ['docker_default'],
      attemptsBefore: 0,
    };
    return activities.updateConnections(attemptOf(), input);
  }

  function variableCalls(): string[] {
    return airflow.callsOf('variable');
  }

  it('are read at the inspection, and used by the update', async () => {
    const found = await inspect();
    assert.deepEqual(found.writable, [
      { registry: REGISTRY, group: GROUP, connections: ['docker_default', 'inferred'] },
    ]);
    assert.deepEqual((await update()).written, ['docker_default']);
  });

  it('are read once per run, and again in the next', async () => {
    await inspect();
    await inspect();
    await update();
    assert.deepEqual(variableCalls(), ['ecr_aws_account', 'ecr_aws_region_name']);
    airflow.variables.set('ecr_aws_region_name', 'eu-west-1');
    const next = await inspect('run-2');
    assert.equal(variableCalls().length, 4);
    assert.match(next.refused[0]?.message ?? '', new RegExp(`registry dag \\(${EU_HOST}\\)`));
  });

  it('are read once for concurrent activities', async () => {
    await Promise.all([inspect(), inspect()]);
    assert.equal(variableCalls().length, 2);
  });

  it('are read again after a failure', async () => {
    airflow.onCall = (call) => {
      if (call === 'variable') throw new RefreshFailure('StoreUnreachable', 'refused');
    };
    assert.equal((await inspect()).toRetry.length, 1);
    airflow.onCall = () => undefined;
    assert.deepEqual((await inspect()).writable[0]?.connections, ['docker_default', 'inferred']);
  });

  it('may be surrounded by whitespace', async () => {
    airflow.variables.set('ecr_aws_account', ' 123456789012\n');
    assert.equal((await inspect()).refused.length, 0);
  });

  const ACCOUNT = 'ecr_aws_account';
  const REGION = 'ecr_aws_region_name';
  for (const [key, value, type, message] of [
    [ACCOUNT, undefined, 'AirflowVariableMissing', 'does not exist'],
    [REGION, undefined, 'AirflowVariableMissing', 'does not exist'],
    [ACCOUNT, '12345', 'AirflowVariableInvalid', 'is not a valid AWS account ID'],
    [ACCOUNT, '***', 'AirflowVariableInvalid', 'is not a valid AWS account ID'],
    [ACCOUNT, '', 'AirflowVariableInvalid', 'is not a valid AWS account ID'],
    [REGION, 'us-east-1.evil.com', 'AirflowVariableInvalid', 'is not a valid AWS region'],
    [REGION, 'us-east-1/v2', 'AirflowVariableInvalid', 'is not a valid AWS region'],
    [REGION, 's3cret-p4ssword', 'AirflowVariableInvalid', 'is not a valid AWS region'],
  ] as const) {
    it(`affect only their own connections when ${key} is ${JSON.stringify(value) ?? 'missing'}`, async () => {
      if (value === undefined) airflow.variables.delete(key);
      else airflow.variables.set(key, value);
      const { writable, refused } = await inspect();
      assert.deepEqual(writable[0]?.connections, ['inferred']);
      assert.deepEqual(
        refused.map((problem) => [problem.connection, problem.type]),
        [['docker_default', type]],
      );
      assert.match(
        refused[0]?.message ?? '',
        new RegExp(`Variable ${key} of Airflow main \\(.*\\) ${message}`),
      );
      if (value) assert.ok(!JSON.stringify(refused).includes(value), 'its value is shown');
    });
  }

  it('affect only their own connections when the user is not allowed to read Variables', async () => {
    airflow.onCall = (call) => {
      if (call === 'variable') throw new RefreshFailure('StoreForbidden', '403');
    };
    const { writable, refused } = await inspect();
    assert.deepEqual(writable[0]?.connections, ['inferred']);
    assert.equal(refused[0]?.type, 'StoreForbidden');
  });

  it('cause a retry of only their own connections when their store cannot be reached', async () => {
    airflow.onCall = (call) => {
      if (call === 'variable') throw new RefreshFailure('StoreUnreachable', 'refused');
    };
    const { writable, toRetry } = await inspect();
    assert.deepEqual(writable[0]?.connections, ['inferred']);
    assert.deepEqual(
      toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
      [['docker_default', 'StoreUnreachable', 'registry']],
    );
  });

  it('cause a retry of only their own connections when reading them hangs', async () => {
    const gate = deferred();
    airflow.onCall = (call) => (call === 'variable' ? gate.promise : undefined);
    const input = {
      configHash: CONFIG_HASH,
      store: 'main',
      target: NAMED,
      attemptsBefore: 0,
    };
    const { writable, toRetry } = await activities.inspectConnections(attemptOf({ limitMs: 600 }), input);
    assert.deepEqual(writable[0]?.connections, ['inferred']);
    assert.deepEqual(
      toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
      [['docker_default', 'StoreUnreachable', 'registry']],
    );
    assert.match(toRetry[0]?.message ?? '', /^Airflow Variable of registry dag: no response within/);
    // The read has its own time limit, and continues.
    gate.resolve();
  });

  it('fail with scope registry when all connections belong to that registry', async () => {
    airflow.onCall = (call) => {
      if (call === 'variable') throw new RefreshFailure('StoreUnreachable', 'refused');
    };
    activities = worker(BY_VARIABLES, RULES.slice(0, 1));
    assert.equal((await expectFailure('StoreUnreachable', inspect())).scope, 'registry');
  });

  it('are not read for connections of other registries', async () => {
    activities = worker(BY_VARIABLES, [{ kind: 'id', id: 'inferred', ifMissing: 'fail' }]);
    await inspect();
    assert.deepEqual(airflow.calls, ['read inferred']);
  });

  it('determine the host of a connection that is created', async () => {
    airflow.connections.delete('docker_default');
    activities = worker(BY_VARIABLES, [
      { kind: 'id', id: 'docker_default', registry: 'dag', ifMissing: 'create' },
    ]);
    assert.deepEqual((await inspect()).writable[0]?.toCreate, ['docker_default']);
    await update();
    assert.equal(airflow.connections.get('docker_default')?.host, REGISTRY);
  });

  describe('that change during a run', () => {
    beforeEach(async () => {
      await inspect();
      airflow.variables.set('ecr_aws_region_name', 'eu-west-1');
    });

    it('keep their values in the worker that has read them', async () => {
      assert.deepEqual((await update()).written, ['docker_default']);
      assert.deepEqual(issuer.regions, ['us-east-1']);
    });

    it('make another worker refuse the write, since the connection belongs to another registry', async () => {
      activities = worker();
      await expectFailure('ConnectionRegistryChanged', update());
      assert.equal(airflow.passwords.size, 0);
    });

    it('make another worker refuse to create a connection of the earlier registry', async () => {
      airflow.connections.delete('docker_default');
      activities = worker(BY_VARIABLES, [
        { kind: 'id', id: 'docker_default', registry: 'dag', ifMissing: 'create' },
      ]);
      await expectFailure('ConnectionRegistryChanged', update());
      assert.equal(airflow.connections.size, 1);
    });
  });

  describe('of a registry with a configured host', () => {
    const input = { configHash: CONFIG_HASH, group: GROUP, registries: ['localhost:5000'] };

    beforeEach(() => {
      airflow.connections.set('docker_default', dockerConnection({ host: 'localhost:5000' }));
      activities = worker(LOCAL);
    });

    it('are read by any worker that gets the token', async () => {
      assert.deepEqual((await inspect()).writable[0], {
        registry: 'localhost:5000',
        group: GROUP,
        connections: ['docker_default'],
      });
      activities = worker(LOCAL);
      assert.equal((await activities.extractToken(attemptOf(), input)).token.region, 'us-east-1');
      assert.deepEqual((await update('localhost:5000')).written, ['docker_default']);
      const test = {
        configHash: CONFIG_HASH,
        engine: ENGINE,
        registry: 'localhost:5000',
        group: 'default/us-east-1',
      };
      assert.equal((await activities.testDocker(attemptOf(), test)).login, 'ok');
      assert.deepEqual(issuer.regions, ['us-east-1']);
    });

    it('prevent a token of another region than the inspection found', async () => {
      airflow.variables.set('ecr_aws_region_name', 'eu-west-1');
      await expectFailure('ConnectionRegistryChanged', activities.extractToken(attemptOf(), input));
      assert.deepEqual([issuer.regions, registries.shown], [[], []]);
    });

    it('are found by that host when no rule names the registry', async () => {
      activities = worker(LOCAL, [{ kind: 'match', pattern: 'docker_*' }]);
      const listed: InspectTarget = { listed: { offset: 0, limit: 100 } };
      assert.deepEqual((await inspect('run-1', listed)).writable[0]?.registry, 'localhost:5000');
    });

    it('are not read for the account when the region is known', async () => {
      activities = worker({ ...LOCAL, region: 'us-east-1' });
      await activities.extractToken(attemptOf(), input);
      assert.deepEqual(airflow.calls, []);
    });
  });
});
