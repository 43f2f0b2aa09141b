import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowContinuedAsNewError,
  WorkflowFailedError,
  type Client,
} from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { isFailureType } from '../refresh/failures.js';
import { parseReport, REFRESH_INCOMPLETE, type RefreshReport } from '../refresh/report.js';

export type RunResult =
  | { readonly report: RefreshReport }
  /** The run ended without a report: terminated, cancelled, timed out, or no longer retained by Temporal. */
  | { readonly report: undefined; readonly why: string };

/** Waits for the run to end, whether it succeeds or fails. */
export async function waitForReport(client: Client, workflowId: string, runId: string): Promise<RunResult> {
  try {
    // Not that of a later run: an edited action may have a retry policy, and the result would be awaited for hours.
    const handle = client.workflow.getHandle(workflowId, runId, { followRuns: false });
    const report = parseReport(await handle.result());
    return report
      ? { report }
      : { report: undefined, why: 'its result is not a report that this version can read' };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      return { report: undefined, why: 'it is no longer retained by Temporal' };
    if (error instanceof WorkflowContinuedAsNewError)
      return { report: undefined, why: 'Temporal retries it as another run' };
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    const isIncomplete = cause instanceof ApplicationFailure && cause.type === REFRESH_INCOMPLETE;
    const report = isIncomplete ? parseReport(cause.details?.[0]) : undefined;
    return report ? { report } : { report: undefined, why: describeEnd(cause) };
  }
}

function describeEnd(cause: Error | undefined): string {
  if (cause instanceof TerminatedFailure) return 'it was terminated';
  if (cause instanceof CancelledFailure) return 'it was canceled';
  if (cause instanceof TimeoutFailure) return 'it timed out';
  if (cause instanceof ApplicationFailure && isFailureType(cause.type ?? ''))
    return `it failed with ${cause.type}`;
  return `it failed with ${cause?.name ?? 'an unknown error'}`;
}
