// Owns what may be told of an error that is not ours: its class, and where in the code it comes from. Refuses its
// message, its fields and whatever else its thrower could have put a secret into; never throws itself.
import { RefreshFailure } from '../refresh/failures.js';

/** Whether an error is one of the catalogue: `instanceof` alone throws for an object that does not let itself be asked. */
export function isRefreshFailure(error: unknown): error is RefreshFailure {
  try {
    return error instanceof RefreshFailure;
  } catch {
    return false;
  }
}

/** The class name of an error; a name that its thrower made up is not shown. */
export function errorClassName(error: unknown): string {
  try {
    if (!(error instanceof Error)) return 'A thrown value that is no Error';
    const name = error.constructor.name;
    return /^[A-Za-z][A-Za-z0-9]{0,59}$/.test(name) ? name : 'An error';
  } catch {
    return 'An error';
  }
}

/** Longer lines are no frames of real code, but something that was made to look like one. */
const MAX_FRAME_CHARS = 300;
const FRAME = /^ {4}at [\w.<>[\] #$]*\(?(?:file:|node:|\/)[^\s?]+:\d+:\d+\)?$/;

/**
 * The lines of an error's stack that name code. The message is cut off first: it may quote anything, lines that
 * look like these among it.
 */
export function safeStackFrames(error: unknown): string[] {
  try {
    if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
    const { stack, message } = error;
    if (typeof message !== 'string') return [];
    const start = message === '' ? 0 : stack.indexOf(message);
    // A stack without its message was tampered with, or belongs to an older message that cannot be told apart.
    if (start < 0) return [];
    const frames = stack
      .slice(start + message.length)
      .split('\n')
      .filter((line) => line.length <= MAX_FRAME_CHARS && FRAME.test(line));
    return frames.slice(0, 6).map((line) => line.trim());
  } catch {
    return [];
  }
}
