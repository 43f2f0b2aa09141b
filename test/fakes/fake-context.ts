// A run context in which time passes only during waits, and waits end immediately.
import type { RunContext } from '../../src/refresh/flow.js';
import { RefreshFailure, type FailureInfo } from '../../src/refresh/failures.js';
import type { WaitingStep } from '../../src/refresh/step-runner.js';

export const STARTED_AT = '2026-01-01T00:00:00.000Z';
export const START_MS = Date.parse(STARTED_AT);

/** Thrown when a run is cancelled; not a step failure. */
export class Cancelled extends Error {}

export interface RecordedWait extends WaitingStep {
  readonly ms: number;
  /** Milliseconds since the start of the run. */
  readonly atMs: number;
}

interface Timer {
  readonly dueMs: number;
  readonly done: () => void;
}

export class FakeContext implements RunContext {
  readonly runId = 'run-1';
  readonly previous: RunContext['previous'];
  readonly deadlineMs: number;
  readonly retryForMs: number;
  readonly isStrict: boolean;
  readonly waits: RecordedWait[] = [];
  nowMs = START_MS;
  /** No wait ends until `release` is called. */
  isHeld = false;
  readonly #timers: Timer[] = [];

  /** @param changes `leftMs` is the time left until the deadline */
  constructor(
    changes: {
      previous?: RunContext['previous'];
      leftMs?: number;
      retryForMs?: number;
      isStrict?: boolean;
    } = {},
  ) {
    this.previous = changes.previous;
    this.deadlineMs = START_MS + (changes.leftMs ?? 225 * 60_000);
    this.isStrict = changes.isStrict ?? false;
    this.retryForMs = changes.retryForMs ?? Infinity;
  }

  now(): Date {
    return new Date(this.nowMs);
  }

  /** Ends when everything else is idle. Of several waits, the one that is due first ends first. */
  wait(ms: number, waiting: WaitingStep): Promise<void> {
    this.waits.push({ ...waiting, ms, atMs: this.nowMs - START_MS });
    return new Promise((resolve) => {
      this.#timers.push({ dueMs: this.nowMs + ms, done: resolve });
      setImmediate(() => this.advance());
    });
  }

  /** Ends all held waits in the order in which they are due. */
  release(): void {
    this.isHeld = false;
    for (let held = this.#timers.length; held > 0; held -= 1) this.advance();
  }

  /** Ends the wait that is due first. */
  advance(): void {
    if (this.isHeld) return;
    this.#timers.sort((a, b) => a.dueMs - b.dueMs);
    const next = this.#timers.shift();
    if (!next) return;
    this.nowMs = Math.max(this.nowMs, next.dueMs);
    next.done();
  }

  describe(error: unknown): FailureInfo {
    if (!(error instanceof RefreshFailure)) throw error;
    const { type, scope, message, remedy, connections } = error;
    return { type, scope, message, remedy, ...(connections ? { connections } : {}) };
  }
}
