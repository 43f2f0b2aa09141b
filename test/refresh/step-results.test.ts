import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { InspectInput, StepName, UpdateInput } from '../../src/refresh/activity-types.js';
import { describeFailure, RefreshFailure } from '../../src/refresh/failures.js';
import { parseStepResult, type StepInputs, type StepResults } from '../../src/refresh/step-results.js';
import {
  ENGINE,
  fakeSteps,
  fakeTokenInfo,
  FINGERPRINT,
  GROUP,
  plannedStores,
  REGISTRY,
} from '../fakes/fake-steps.js';

const ID = 'docker_default';
const INSPECT: InspectInput = {
  configHash: 'abc',
  store: 'main',
  target: { named: { offset: 0, limit: 3 } },
  attemptsBefore: 0,
};
const LIST: InspectInput = { ...INSPECT, target: { listed: { offset: 0, limit: 3 } } };
const EXTRACT = { configHash: 'abc', group: GROUP, registries: [REGISTRY] };
const UPDATE: UpdateInput = {
  configHash: 'abc',
  store: 'main',
  registry: REGISTRY,
  group: GROUP,
  connections: [ID, 'docker_eu'],
  attemptsBefore: 0,
};
const DOCKER = { configHash: 'abc', engine: ENGINE, registry: REGISTRY, group: GROUP };
const OTHER = 'evil.example.com';

const PROBLEM = { ...describeFailure('ConnectionMissing', 'There is no such connection.'), connection: ID };
const PLAN = { configHash: 'abc', stores: plannedStores('main'), engines: [ENGINE] };
const PART = { registry: REGISTRY, group: GROUP, connections: [ID] };
const INSPECTION = { writable: [PART], refused: [], toRetry: [], warnings: [] };
const EXTRACTED = { token: fakeTokenInfo(), toRetry: [] };
const OUTCOME = { written: UPDATE.connections, refused: [], toRetry: [], token: fakeTokenInfo() };
const LOGIN = { engine: ENGINE, version: '28', registry: REGISTRY, login: 'ok', fingerprint: FINGERPRINT };

function repeat<T>(count: number, create: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => create(index));
}

/** Values that no field has. */
const NOT_VALUES: readonly unknown[] = [
  Symbol.iterator,
  1.5,
  {},
  [[]],
  '\u001b[2J',
  '\ud800',
  'x'.repeat(5000),
];

const INVALID: { readonly [S in StepName]: readonly (readonly [object, StepInputs[S]?])[] } = {
  planRefresh: [
    [{ ...PLAN, stores: repeat(201, (index) => ({ ...PLAN.stores[0], name: `s${index}` })) }],
    [{ ...PLAN, stores: plannedStores('main', 'main') }],
    [{ ...PLAN, stores: [{ ...PLAN.stores[0], named: 1e9 }] }],
    [{ ...PLAN, stores: [{ ...PLAN.stores[0], named: -1 }] }],
    [{ ...PLAN, engines: repeat(30, (index) => `tcp://e${index}`) }],
    [{ ...PLAN, engines: [ENGINE, ENGINE] }],
    [{ ...PLAN, requiresDocker: false }],
    [{ ...PLAN, warnings: repeat(101, String) }],
  ],
  inspectConnections: [
    [{ ...INSPECTION, writable: [{ ...PART, connections: ['a', 'b', 'c', 'd'] }] }],
    [{ ...INSPECTION, writable: repeat(4, () => PART) }],
    [{ ...INSPECTION, writable: [{ ...PART, connections: ['../variables'] }] }],
    [{ ...INSPECTION, writable: [{ ...PART, toCreate: ['other'] }] }],
    [{ ...INSPECTION, refused: repeat(3, () => PROBLEM) }],
    [{ ...INSPECTION, refused: [{ ...PROBLEM, type: 'TypeError' }] }],
    [{ ...INSPECTION, refused: [{ ...PROBLEM, type: '__proto__' }] }],
    [{ ...INSPECTION, skipped: { count: 1e9, first: [] } }],
    [{ ...INSPECTION, list: { rows: 101, total: 101, isComplete: true } }, LIST],
    [{ ...INSPECTION, list: { rows: 1, total: NaN, isComplete: true } }, LIST],
    [INSPECTION, { ...INSPECT, target: { connections: ['other'] } }],
  ],
  extractToken: [
    [{ ...EXTRACTED, toRetry: [OTHER] }],
    [{ ...EXTRACTED, token: fakeTokenInfo({ group: 'default/eu-west-1' }) }],
    [{ ...EXTRACTED, token: fakeTokenInfo({ expiresAt: 'tomorrow' }) }],
    [{ ...EXTRACTED, token: fakeTokenInfo({ expiresAt: '2026-01-01' }) }],
    [{ ...EXTRACTED, token: fakeTokenInfo({ fingerprint: 'the token itself' }) }],
    [{ ...EXTRACTED, token: fakeTokenInfo({ probes: [{ registry: OTHER, outcome: 'accepted' }] }) }],
  ],
  updateConnections: [
    [{ ...OUTCOME, written: [ID, 'docker_eu', 'other'] }],
    [{ ...OUTCOME, written: [ID, ID] }],
    [{ ...OUTCOME, refused: [PROBLEM] }],
    [{ ...OUTCOME, toRetry: [PROBLEM] }],
    // The other connection would be neither refreshed nor failed.
    [{ ...OUTCOME, written: [ID] }],
    [{ ...OUTCOME, written: [], toRetry: [] }],
    [{ ...OUTCOME, token: null }],
    [{ ...OUTCOME, token: fakeTokenInfo({ group: 'other/us-east-1' }) }],
  ],
  testDocker: [
    [{ ...LOGIN, engine: 'tcp://evil.example.com' }],
    [{ ...LOGIN, registry: OTHER }],
    [{ ...LOGIN, login: 'accepted' }],
    [{ ...LOGIN, fingerprint: 'x' }],
  ],
};

const INPUTS: StepInputs = {
  planRefresh: undefined,
  inspectConnections: INSPECT,
  extractToken: EXTRACT,
  updateConnections: UPDATE,
  testDocker: DOCKER,
};
const VALID: { readonly [S in StepName]: object } = {
  planRefresh: PLAN,
  inspectConnections: INSPECTION,
  extractToken: EXTRACTED,
  updateConnections: OUTCOME,
  testDocker: LOGIN,
};

function assertRefused<S extends StepName>(
  step: S,
  value: unknown,
  input: StepInputs[S] = INPUTS[step],
): void {
  assert.throws(
    () => parseStepResult(step, value, input),
    (error) =>
      error instanceof RefreshFailure &&
      error.type === 'InputNotAllowed' &&
      error.message === `${step} completed with an invalid result.`,
    `accepted: ${inspect(value).slice(0, 300)}`,
  );
}

describe('parseStepResult', () => {
  for (const step of Object.keys(VALID) as StepName[]) {
    it(`returns the result of ${step}`, () => {
      assert.deepEqual(parseStepResult(step, VALID[step], INPUTS[step]), VALID[step]);
    });

    it(`rejects a result of ${step} of another shape`, () => {
      for (const value of [undefined, null, 'text', 7, true, [], {}, new Uint8Array(2), [VALID[step]]]) {
        assertRefused(step, value);
      }
      for (const field of Object.keys(VALID[step])) {
        assertRefused(step, { ...VALID[step], [field]: undefined });
        for (const value of NOT_VALUES) {
          // A text may be any text that is cut to its limit.
          if (field === 'version' && typeof value === 'string') continue;
          assertRefused(step, { ...VALID[step], [field]: value });
        }
      }
    });

    it(`rejects a result of ${step} that the step cannot have`, () => {
      for (const [value, input] of INVALID[step])
        assertRefused(step, value, (input ?? INPUTS[step]) as never);
    });
  }

  it('drops fields that are not part of the result', () => {
    const hostile = JSON.parse(
      `{"__proto__": {"polluted": true}, "toString": "x", "written2": []}`,
    ) as object;
    const parsed = parseStepResult('updateConnections', { ...OUTCOME, ...hostile }, UPDATE);
    assert.deepEqual(Object.keys(parsed), ['written', 'refused', 'toRetry', 'token']);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('cuts messages, and replaces what Temporal cannot store', () => {
    const refused = [{ ...PROBLEM, message: `\ud800${'x'.repeat(1e6)}` }];
    const { refused: parsed } = parseStepResult(
      'inspectConnections',
      { ...INSPECTION, writable: [], refused },
      INSPECT,
    );
    assert.equal(parsed[0]?.message, `\ufffd${'x'.repeat(1998)}…`);
  });

  it('accepts any total that Airflow may return: it is not part of a forged result', () => {
    const list = { rows: 3, total: Number.MAX_SAFE_INTEGER, isComplete: true };
    const result = { ...INSPECTION, list };
    assert.deepEqual(parseStepResult('inspectConnections', result, LIST), result);
  });

  it('accepts a token group with the longest endpoint that the configuration accepts', () => {
    const group = `${'p'.repeat(63)}/us-gov-east-1/${'https://e.example.com/'.padEnd(2_048, 'x')}`;
    const result = { ...INSPECTION, writable: [{ ...PART, group }] };
    assert.deepEqual(parseStepResult('inspectConnections', result, INSPECT), result);
  });

  it('accepts what the steps of a run return', async () => {
    const steps = fakeSteps();
    const how = { attemptsBefore: 0 };
    const results: StepResults = {
      planRefresh: await steps.planRefresh(how),
      inspectConnections: await steps.inspectConnections(INSPECT, how),
      extractToken: await steps.extractToken(EXTRACT, how),
      updateConnections: await steps.updateConnections(UPDATE, how),
      testDocker: await steps.testDocker(DOCKER, how),
    };
    for (const step of Object.keys(results) as StepName[]) {
      assert.deepEqual(parseStepResult(step, results[step], INPUTS[step]), results[step]);
    }
  });
});
