// Fixture of the flow tests: parts of inspections, and a run with fake steps.
import { FakeContext } from './fake-context.js';
import { ENGINE, fakeSteps, GROUP, listedStore, plannedStores, REGISTRY } from './fake-steps.js';
import { settle } from './deferred.js';
import { describeFailure, type FailureType } from '../../src/refresh/failures.js';
import { refresh, type RunContext } from '../../src/refresh/flow.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type {
  ConnectionProblem,
  InspectInput,
  Inspection,
  ListPart,
  Range,
  RefreshPlan,
  RefreshSteps,
  UpdateInput,
  WritableConnections,
} from '../../src/refresh/activity-types.js';

export const NEIGHBOUR = '999999999999.dkr.ecr.us-east-1.amazonaws.com';

export function refreshWith(
  overrides: Partial<RefreshSteps>,
  context: RunContext = new FakeContext(),
): Promise<RefreshReport> {
  return refresh(fakeSteps(overrides), context);
}

export function planned(changes: Partial<RefreshPlan>): () => Promise<RefreshPlan> {
  return async () => ({ configHash: 'abc', stores: plannedStores('main'), engines: [ENGINE], ...changes });
}

/** A plan with the store `main`, whose connections are selected by patterns. */
export const listed = planned({ stores: [listedStore()] });

export function part(changes: Partial<WritableConnections> = {}): WritableConnections {
  return { registry: REGISTRY, group: GROUP, connections: ['docker_default'], ...changes };
}

export function inspection(...writable: WritableConnections[]): Inspection {
  return { writable, refused: [], toRetry: [], warnings: [] };
}

/** The rows of a list within a range, all of them writable. */
export function listPart(rows: readonly string[], range: Range, changes: Partial<ListPart> = {}): Inspection {
  const { offset, limit } = range;
  const shown = rows.slice(offset, offset + limit);
  const [first] = shown;
  const list = { rows: shown.length, total: rows.length, isComplete: true, ...changes };
  if (first === undefined) return { ...inspection(), list };
  return { ...inspection(part({ connections: shown })), list: { first, ...list } };
}

/** The requested range of the list. */
export function toListed({ target }: Pick<InspectInput, 'target'>): Range {
  if (!('listed' in target)) throw new TypeError('the input does not request the list');
  return target.listed;
}

/** An inspection of a list with these rows, all of them writable. */
export function inspectList(rows: readonly string[]): RefreshSteps['inspectConnections'] {
  return async (input) => listPart(rows, toListed(input));
}

/** A step that records the updates. */
export function noteUpdates(): {
  updates: UpdateInput[];
  updateConnections: RefreshSteps['updateConnections'];
} {
  const good = fakeSteps();
  const updates: UpdateInput[] = [];
  return {
    updates,
    updateConnections: async (input, how) => (updates.push(input), good.updateConnections(input, how)),
  };
}

export function problem(connection: string, type: FailureType, message: string = type): ConnectionProblem {
  return { connection, ...describeFailure(type, message) };
}

export function ids(count: number, prefix = 'id'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}_${index}`);
}

/** Runs a test and returns the rejections that nothing handled. */
export async function collectUnhandled(test: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', note);
  try {
    await test();
    await settle();
    return unhandled;
  } finally {
    process.off('unhandledRejection', note);
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
}

/** Measures the peak of concurrent calls, each of which takes one turn of the event loop. */
export function meter(): { peak: number; during<T>(work: () => Promise<T>): Promise<T> } {
  let running = 0;
  const measured = {
    peak: 0,
    async during<T>(work: () => Promise<T>): Promise<T> {
      running += 1;
      measured.peak = Math.max(measured.peak, running);
      await settle();
      running -= 1;
      return work();
    },
  };
  return measured;
}

export function listFailures(report: RefreshReport): unknown[] {
  return report.failures.map(({ stage, store, registry, type, count }) => [
    stage,
    store,
    registry,
    type,
    count,
  ]);
}
