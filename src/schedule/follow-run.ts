// Follows a run in progress and reports what fails in it, as it happens.
import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, ServiceError, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { FailureInfo } from '../refresh/failures.js';
import type { FailureReport } from '../refresh/report.js';
import type { Run } from './find-runs.js';
import { readRunInProgress, type RunInProgress, type RunStep } from './run-in-progress.js';

const POLL_MS = 1_000;

export interface FailedAttempt extends Pick<RunStep, 'step' | 'target' | 'nextAttemptAt'> {
  /** Number of the attempt, from 1. Of attempts that fail within a second, only the last is reported. */
  readonly attempt: number;
  readonly failure: FailureInfo;
}

export interface RunObserver {
  onFailedAttempt(attempt: FailedAttempt): void;
  /** A part of the run has failed and is not retried. */
  onFailedPart(failure: FailureReport): void;
  /** @param since ISO 8601, UTC */
  onWaitingForWorker(since: string): void;
}

/**
 * Reports until the run has ended, or `signal` is aborted. Temporal being unreachable in between is not an error here.
 * @param now by Temporal's clock, as far as it is known
 */
export async function followRun(
  client: Client,
  run: Run,
  observer: RunObserver,
  { signal, now = () => new Date() }: { readonly signal: AbortSignal; readonly now?: () => Date },
): Promise<void> {
  const news = new RunNews(observer);
  while (!signal.aborted) {
    const state = await readIfReachable(client, run, now());
    if (state === undefined || signal.aborted) return;
    if (state !== 'unreachable') news.report(state);
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

async function readIfReachable(
  client: Client,
  run: Run,
  now: Date,
): Promise<RunInProgress | 'unreachable' | undefined> {
  try {
    return await readRunInProgress(client, run, now);
  } catch (error) {
    // No longer retained.
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (error instanceof ServiceError || isGrpcServiceError(error)) return 'unreachable';
    throw error;
  }
}

/** Remembers what was reported. */
export class RunNews {
  readonly #observer: RunObserver;
  #attempts: ReadonlySet<string> = new Set();
  readonly #parts = new Set<string>();
  #isWaiting = false;

  constructor(observer: RunObserver) {
    this.#observer = observer;
  }

  report({ waitingForWorkerSince, steps, progress, report }: RunInProgress): void {
    if (waitingForWorkerSince !== null && !this.#isWaiting) {
      this.#observer.onWaitingForWorker(waitingForWorkerSince);
    }
    this.#isWaiting = waitingForWorkerSince !== null;
    // Without the answer of a worker, the attempts before Temporal's own are not known, and none is made.
    if (progress !== null) this.#reportAttempts(steps);
    for (const failure of report?.failures ?? []) {
      const { stage, store, registry, engine, type } = failure;
      const key = JSON.stringify([stage, store, registry, engine, type]);
      if (!this.#parts.has(key)) this.#observer.onFailedPart(failure);
      this.#parts.add(key);
    }
  }

  /** Forgets steps that are over: a later one of the same name counts its attempts from the start. */
  #reportAttempts(steps: readonly RunStep[]): void {
    const seen = new Set<string>();
    for (const { step, target, failedAttempts, failure, nextAttemptAt } of steps) {
      if (failure === null || failedAttempts === 0) continue;
      const key = JSON.stringify([step, target, failedAttempts]);
      const isNew = !this.#attempts.has(key) && !seen.has(key);
      seen.add(key);
      if (isNew) {
        this.#observer.onFailedAttempt({ step, target, attempt: failedAttempts, failure, nextAttemptAt });
      }
    }
    this.#attempts = seen;
  }
}
