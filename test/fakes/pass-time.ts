// Advances mocked timers and the monotonic clock.
import { mock } from 'node:test';

const STEP_MS = 50;

/** The real timer: the global one is mocked during a test. */
const { setTimeout: startTimer } = globalThis;

/** Advances time until the work is done. Returns the elapsed milliseconds. */
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
