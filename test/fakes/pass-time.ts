// Lets time pass in a test, for timers and for the monotonic clock.
import { mock } from 'node:test';

const STEP_MS = 50;

/** The real one: within a test, the global one is mocked. */
const { setTimeout: startTimer } = globalThis;

/** Lets time pass until the work is done. Returns how much has passed. */
export async function passTime(run: () => Promise<unknown>): Promise<number> {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const clock = mock.method(performance, 'now', () => Date.now());
  try {
    let isDone = false;
    const end = (): void => void (isDone = true);
    const running = run();
    running.then(end, end);
    while (!isDone) {
      await new Promise((next) => startTimer(next, 0));
      if (!isDone) mock.timers.tick(STEP_MS);
    }
    await running;
    return Date.now();
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
}
