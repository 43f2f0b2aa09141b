// A replacement for `refresh/flow.ts` in replays: all steps in sequence, in one of two orders selected by the workflow
// id.
import { workflowInfo } from '@temporalio/workflow';
import type { RunContext } from '../../src/refresh/flow.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import { NAMED_PER_INSPECTION } from '../../src/refresh/store-limits.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';

export const AS_RECORDED = 'as-recorded';
export const REORDERED = 'reordered';

const FIRST = { attemptsBefore: 0 };

export async function refresh(steps: RefreshSteps, context: RunContext): Promise<RefreshReport> {
  const { configHash, engines } = await steps.planRefresh(FIRST);
  const target = { named: { offset: 0, limit: NAMED_PER_INSPECTION } };
  const inspect = { configHash, store: 'main', target, ...FIRST };
  const { writable } = await steps.inspectConnections(inspect, FIRST);
  for (const { registry, group, connections } of writable) {
    const extract = (): Promise<unknown> =>
      steps.extractToken({ configHash, group, registries: [registry] }, FIRST);
    const update = (): Promise<unknown> =>
      steps.updateConnections({ configHash, store: 'main', registry, group, connections, ...FIRST }, FIRST);
    const isReordered = workflowInfo().workflowId === REORDERED;
    for (const step of isReordered ? [update, extract] : [extract, update]) await step();
    for (const engine of engines) await steps.testDocker({ configHash, engine, registry, group }, FIRST);
  }
  return new ReportBuilder(context.runId, context.now(), undefined).report(context.now());
}
