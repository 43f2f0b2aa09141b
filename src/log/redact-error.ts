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

const MAX_CAUSES = 5;

/** All stack frames of an error and its causes, each with the name of its class. */
export function listStacks(error: unknown): string[] {
  const lines: string[] = [];
  let current = error;
  for (let depth = 0; current instanceof Error && depth < MAX_CAUSES; depth += 1) {
    const name = `${depth === 0 ? '' : 'Caused by: '}${errorClassName(current)}`;
    lines.push(name, ...safeStackFrames(current, Infinity).map((frame) => `    ${frame}`));
    current = current.cause;
  }
  return lines;
}

/** The stack frames of an error. The message is removed first: it may contain lines that look like frames. */
export function safeStackFrames(error: unknown, max = 6): string[] {
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
    return frames.slice(0, max).map((line) => line.trim());
  } catch {
    return [];
  }
}
