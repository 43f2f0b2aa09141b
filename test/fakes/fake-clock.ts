import type { Clock } from '../../src/refresh-once/run-in-process.js';
import { settle } from './deferred.js';

/** A clock on which time passes only during waits. */
export class FakeClock implements Clock {
  now: number;
  readonly waits: number[] = [];

  constructor(startMs: number) {
    this.now = startMs;
  }

  nowMs(): number {
    return this.now;
  }

  async wait(ms: number): Promise<void> {
    this.waits.push(ms);
    await settle();
    this.now += ms;
  }
}
