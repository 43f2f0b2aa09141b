// Runs that refreshed everything, but whose checks did not verify the new token.
import assert from 'node:assert/strict';
import type { DockerLogin, ProbeOutcome, RefreshSteps } from '../../src/refresh/activity-types.js';
import type { RefreshReport, UnprovenReport } from '../../src/refresh/report.js';
import { toHeadline } from '../../src/refresh/report-texts.js';
import { FakeContext } from '../fakes/fake-context.js';
import { ENGINE, fakeSteps, fakeTokenInfo, FINGERPRINT, REGISTRY } from '../fakes/fake-steps.js';
import { inspection, listFailures, planned, refreshWith } from '../fakes/flow-fixture.js';

const LOGIN: DockerLogin = {
  engine: ENGINE,
  version: '28.0.0',
  registry: REGISTRY,
  login: 'ok',
  fingerprint: FINGERPRINT,
};
const SKIPPED: DockerLogin = { ...LOGIN, login: 'none', reason: 'realm not checked', fingerprint: null };
const ABSENT: DockerLogin = { ...SKIPPED, version: null, reason: 'no such socket' };

function checkedAs(outcome: ProbeOutcome): Partial<RefreshSteps> {
  const token = fakeTokenInfo({ probes: [{ registry: REGISTRY, outcome }] });
  return {
    extractToken: async () => ({ token, toRetry: [] }),
    updateConnections: async ({ connections }) => ({ written: connections, refused: [], toRetry: [], token }),
  };
}

function loggedInAs(login: DockerLogin): Partial<RefreshSteps> {
  return { testDocker: async () => login };
}

const NO_ENGINE = { planRefresh: planned({ engines: [] }) };
const UNREACHABLE: UnprovenReport = { registry: REGISTRY, reason: 'unreachable' };

describe('what did not verify the written token', () => {
  for (const { title, steps, expected } of [
    { title: 'is nothing when the registry accepted it', steps: NO_ENGINE, expected: [] },
    {
      title: 'is the registry that could not be reached',
      steps: { ...NO_ENGINE, ...checkedAs('unreachable') },
      expected: [UNREACHABLE],
    },
    {
      title: 'is the registry that accepts any password',
      steps: { ...NO_ENGINE, ...checkedAs('inconclusive') },
      expected: [{ registry: REGISTRY, reason: 'inconclusive' }],
    },
    {
      title: 'is nothing when Docker logged in to a registry that the worker could not reach',
      steps: checkedAs('unreachable'),
      expected: [],
    },
    {
      title: 'is a login that proves nothing',
      steps: loggedInAs({ ...LOGIN, login: 'inconclusive' }),
      expected: [{ engine: ENGINE, registry: REGISTRY, reason: 'inconclusive' }],
    },
    {
      title: 'is a login that was skipped',
      steps: { ...checkedAs('unreachable'), ...loggedInAs(SKIPPED) },
      expected: [UNREACHABLE, { engine: ENGINE, registry: REGISTRY, reason: 'not tested' }],
    },
    {
      title: 'is an engine that someone named, and that is absent',
      steps: loggedInAs(ABSENT),
      expected: [{ engine: ENGINE, reason: 'not tested' }],
    },
    {
      title: 'is nothing when only the default engine is absent',
      steps: loggedInAs({ ...ABSENT, isDefault: true }),
      expected: [],
    },
    {
      title: 'is an engine in DOCKER_HOST that cannot be used',
      steps: { planRefresh: planned({ engines: [], engineProblem: 'DOCKER_HOST is ssh://' }) },
      expected: [{ engine: 'DOCKER_HOST', reason: 'not tested' }],
    },
    {
      title: 'is nothing when no connection was written',
      steps: { ...checkedAs('unreachable'), inspectConnections: async () => inspection() },
      expected: [],
    },
  ] as const) {
    it(title, async () => {
      const report = await refreshWith(steps);
      assert.deepEqual([report.outcome, report.unproven], ['refreshed', expected]);
      assert.equal(/ but /.test(toHeadline(report)), expected.length > 0);
    });
  }

  it('is not the registry when another worker wrote a token that it accepted', async () => {
    const { extractToken } = fakeSteps(checkedAs('unreachable'));
    const { unproven } = await refreshWith({ ...NO_ENGINE, extractToken });
    assert.deepEqual(unproven, []);
  });
});

describe('a strict run', () => {
  const strict = (steps: Partial<RefreshSteps>): Promise<RefreshReport> =>
    refreshWith(steps, new FakeContext({ isStrict: true }));

  it('is refreshed when everything was verified', async () =>
    assert.equal((await strict({})).outcome, 'refreshed'));

  it('fails when the registry could not be reached, and still refreshes', async () => {
    const report = await strict({ ...NO_ENGINE, ...checkedAs('unreachable') });
    assert.deepEqual(listFailures(report), [['test', undefined, REGISTRY, 'TokenUnverified', 0]]);
    assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['incomplete', 1]);
    assert.equal(report.failures[0]?.scope, 'registry');
  });

  it('fails when a login was skipped, and names the engine', async () => {
    const { failures } = await strict(loggedInAs(SKIPPED));
    assert.deepEqual(
      failures.map(({ type, engine, scope }) => [type, engine, scope]),
      [['TokenUnverified', ENGINE, 'engine']],
    );
  });

  it('fails when no connection matched', async () => {
    const report = await strict({ inspectConnections: async () => inspection() });
    assert.deepEqual(listFailures(report), [['test', undefined, undefined, 'TokenUnverified', 0]]);
  });
});

describe('a run with docker.required', () => {
  const required = (
    steps: Partial<RefreshSteps>,
    plan: Parameters<typeof planned>[0] = {},
  ): Promise<RefreshReport> =>
    refreshWith({ ...steps, planRefresh: planned({ ...plan, requiresDocker: true }) });

  it('is refreshed when Docker logged in, even if the worker could not reach the registry', async () => {
    assert.equal((await required({})).outcome, 'refreshed');
    assert.equal((await required(checkedAs('unreachable'))).outcome, 'refreshed');
  });

  for (const { title, steps } of [
    { title: 'is skipped', steps: loggedInAs(SKIPPED) },
    { title: 'proves nothing', steps: loggedInAs({ ...LOGIN, login: 'inconclusive' }) },
  ] as const) {
    it(`fails when the login ${title}`, async () =>
      assert.deepEqual(listFailures(await required(steps)), [
        ['test', undefined, REGISTRY, 'TokenUnverified', 0],
      ]));
  }

  it('fails when there is no engine to test', async () => {
    const report = await required({}, { engines: [], engineProblem: 'DOCKER_HOST is ssh://' });
    assert.deepEqual(
      report.failures.map(({ type, engine }) => [type, engine]),
      [['TokenUnverified', 'DOCKER_HOST']],
    );
  });
});
