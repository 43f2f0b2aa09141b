// What the log of a worker shows of each run that ends.
import { findReliableEnd, type RefreshReport } from './report.js';
import { summarizeReport } from './report-texts.js';

export interface RunLog {
  readonly outcome: RefreshReport['outcome'];
  /** Connections. */
  readonly refreshed: number;
  readonly failed: number;
  /**
   * When the first of the tokens that the connections hold expires, or its AWS session ends where tokens are known to end with it;
   * ISO 8601, null when none is known.
   */
  readonly nextExpiryAt: string | null;
  readonly configHash: string | null;
  /** In one line. */
  readonly summary: string;
}

/** The workflow calls this function of its worker once, and not again when its history is replayed. */
export type RunLogSinks = { runLog: { ended(entry: RunLog): void } };

export function toRunLog(report: RefreshReport): RunLog {
  const { outcome, stores, failures, configHash } = report;
  const expiryTimes = stores.flatMap((row) => findReliableEnd(row) ?? []);
  return {
    outcome,
    refreshed: stores.reduce((sum, row) => sum + row.refreshed, 0),
    failed: failures.reduce((sum, failure) => sum + failure.count, 0),
    nextExpiryAt: expiryTimes.toSorted()[0] ?? null,
    configHash,
    summary: summarizeReport(report),
  };
}
