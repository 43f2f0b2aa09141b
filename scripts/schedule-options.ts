// What the commands `schedule …` are called with.
import type { Client, ScheduleHandle } from '@temporalio/client';

export interface ScheduleOptions {
  readonly config?: string;
  readonly json?: true;
  /** Not for `apply`. */
  readonly scheduleId?: string;
  /** Only for `apply`. */
  readonly replace?: true;
  /** Only for `trigger`, as the next. */
  readonly wait?: true;
  readonly now?: true;
}

export interface Invocation {
  readonly client: Client;
  readonly handle: ScheduleHandle;
  readonly options: ScheduleOptions;
}
