// Owns time limits in tests: lets the timers of this process pass fifty times as fast as sockets and processes go.
import { mock } from 'node:test';

const STEP_MS = 100;
const REAL_STEP_MS = 2;

/** The real one: within a test, the global one is another. */
const { setTimeout: startTimer } = globalThis;

/** Runs something of which time limits are a part, and lets them pass until it is settled. */
export async function withFastTimers<T>(run: () => Promise<T>): Promise<{ value: T; tookMs: number }> {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    const running = run();
    running.then(settle, settle);
    let tookMs = 0;
    for (; !isSettled; tookMs += STEP_MS) {
      await new Promise((next) => startTimer(next, REAL_STEP_MS));
      mock.timers.tick(STEP_MS);
    }
    return { value: await running, tookMs };
  } finally {
    mock.timers.reset();
  }
}
