// Owns the way from a run in Temporal to its report, whether the run succeeded or failed.
import { ApplicationFailure, WorkflowFailedError, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { asReport, INCOMPLETE, type RefreshReport } from '../domain/report.js';

export type RunEnd =
  | { readonly report: RefreshReport }
  /** The run ended without a report: terminated, cancelled, timed out, or gone from Temporal. */
  | { readonly report: undefined; readonly why: string };

/** Waits until the run has ended. */
export async function waitForReport(client: Client, workflowId: string, runId: string): Promise<RunEnd> {
  try {
    const report = asReport(await client.workflow.getHandle(workflowId, runId).result());
    return report ? { report } : { report: undefined, why: 'its result is no report of this release' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { report: undefined, why: 'Temporal does not keep it any more' };
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    const isIncomplete = cause instanceof ApplicationFailure && cause.type === INCOMPLETE;
    const report = isIncomplete ? asReport(cause.details?.[0]) : undefined;
    return report ? { report } : { report: undefined, why: `it ended as ${cause?.name ?? 'failed'}` };
  }
}

/** The report of a run that has ended; undefined while it is under way. */
export async function reportIfEnded(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<RunEnd | undefined> {
  try {
    const { status } = await client.workflow.getHandle(workflowId, runId).describe();
    if (status.name === 'RUNNING') return undefined;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  return waitForReport(client, workflowId, runId);
}
