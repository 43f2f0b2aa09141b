// Stands in for domain/refresh.ts when a recorded run is replayed: all steps in a row, in one of two orders, which
// the id of the workflow chooses. Refuses to be a flow that anybody could run.
import { workflowInfo } from '@temporalio/workflow';
import type { RunContext } from '../../src/refresh/flow.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';

export const AS_RECORDED = 'as-recorded';
export const REORDERED = 'reordered';

export async function refresh(steps: RefreshSteps, context: RunContext): Promise<RefreshReport> {
  const { configHash, engines } = await steps.planRefresh();
  const { writable } = await steps.inspectConnections({ configHash, store: 'main', page: 0 });
  for (const { registry, group, connections } of writable) {
    const extract = (): Promise<unknown> => steps.extractToken({ configHash, group, registries: [registry] });
    const update = (): Promise<unknown> =>
      steps.updateConnections({ configHash, store: 'main', registry, group, connections });
    const isReordered = workflowInfo().workflowId === REORDERED;
    for (const step of isReordered ? [update, extract] : [extract, update]) await step();
    for (const engine of engines) await steps.testDocker({ configHash, engine, registry, group });
  }
  return new ReportBuilder(context.runId, context.now(), undefined).report(context.now());
}
