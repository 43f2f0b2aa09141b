// Owns time limits in tests: lets timers of this process pass in no time, while sockets and processes keep theirs.
import { mock } from 'node:test';

const STEP_MS = 250;

/** Runs something of which time limits are a part, and lets them pass until it is settled. */
export async function withFastTimers<T>(run: () => Promise<T>): Promise<{ value: T; tookMs: number }> {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    const running = run();
    running.then(settle, settle);
    let tookMs = 0;
    while (!isSettled) {
      // Several turns, in which what is not waiting for a timer goes on as far as it can.
      for (let turn = 0; turn < 20 && !isSettled; turn += 1) await new Promise((next) => setImmediate(next));
      if (isSettled) break;
      mock.timers.tick(STEP_MS);
      tookMs += STEP_MS;
    }
    return { value: await running, tookMs };
  } finally {
    mock.timers.reset();
  }
}
