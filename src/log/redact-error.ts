// What may be shown of an unknown error: its class name and its stack frames. Its message and fields may contain a
// secret. Nothing here throws.
import { RefreshFailure } from '../refresh/failures.js';

/** `instanceof` alone would throw for an object such as a revoked proxy. */
export function isRefreshFailure(error: unknown): error is RefreshFailure {
  try {
    return error instanceof RefreshFailure;
  } catch {
    return false;
  }
}

/** The name of the class, never the `name` property, which can be set to any text. */
export function errorClassName(error: unknown): string {
  try {
    if (!(error instanceof Error)) return 'A thrown value that is not an Error';
    const name = error.constructor.name;
    return /^[A-Za-z][A-Za-z0-9]{0,59}$/.test(name) ? name : 'An error';
  } catch {
    return 'An error';
  }
}

/** A longer line is not a real stack frame. */
const MAX_FRAME_CHARS = 300;
const FRAME = /^ {4}at [\w.<>[\] #$]*\(?(?:file:|node:|\/)[^\s?]+:\d+:\d+\)?$/;

/** The stack frames of an error. The message is removed first: it may contain lines that look like frames. */
export function safeStackFrames(error: unknown): string[] {
  try {
    if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
    const { stack, message } = error;
    if (typeof message !== 'string') return [];
    const start = message === '' ? 0 : stack.indexOf(message);
    // The message has changed since the error was created, so it cannot be removed from the stack.
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
