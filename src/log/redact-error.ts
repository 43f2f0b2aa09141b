// What may be shown of an unknown error: its class name, its code, those of its causes, and with --debug its stack
// frames. Its message and fields may contain a secret. Nothing here throws.
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

/** Fields of the log. */
export interface ErrorIdentity {
  readonly error: string;
  readonly code?: string;
  /** Class and code of each cause: `TypeError, Error ECONNREFUSED`. */
  readonly cause?: string;
}

/** Class and code of an error and of its causes. */
export function identifyError(error: unknown): ErrorIdentity {
  const [, ...causes] = listCauses(error);
  const code = findErrorCode(error);
  return {
    error: errorClassName(error),
    ...(code === undefined ? {} : { code }),
    ...(causes.length === 0 ? {} : { cause: causes.map(formatClassAndCode).join(', ') }),
  };
}

function formatClassAndCode(error: unknown): string {
  return [errorClassName(error), findErrorCode(error)].filter((part) => part !== undefined).join(' ');
}

/** Any text can be a code, so only constants such as `ENOSPC`, and small numbers such as a gRPC status, are returned. */
export function findErrorCode(error: unknown): string | undefined {
  const code = readField(error, 'code');
  if (typeof code === 'string') return /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined;
  return Number.isInteger(code) && Math.abs(Number(code)) < 1000 ? String(code) : undefined;
}

const MAX_CAUSES = 5;

/** The error, its cause, the cause of that, and so on. The first error of an AggregateError counts as its cause. */
export function listCauses(error: unknown): unknown[] {
  const found = [error];
  let current = error;
  while (found.length < MAX_CAUSES) {
    const errors = readField(current, 'errors');
    current = readField(current, 'cause') ?? (Array.isArray(errors) ? readField(errors, '0') : undefined);
    if (!isError(current)) break;
    found.push(current);
  }
  return found;
}

/** The own or inherited property of an error; undefined for any other value. */
export function readField(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}

/** A longer line is not a real stack frame. */
const MAX_FRAME_CHARS = 300;
const FRAME = /^ {4}at [\w.<>[\] #$]*\(?(?:file:|node:|\/)[^\s?]+:\d+:\d+\)?$/;

/** All stack frames of an error and its causes, each with its class and code. */
export function listStacks(error: unknown): string[] {
  return listCauses(error)
    .filter(isError)
    .flatMap((cause, depth) => [
      `${depth === 0 ? '' : 'Caused by: '}${formatClassAndCode(cause)}`,
      ...safeStackFrames(cause, Infinity).map((frame) => `    ${frame}`),
    ]);
}

let areFramesLogged = false;

/** For --debug. */
export function logFrames(areLogged = true): void {
  areFramesLogged = areLogged;
}

/** The stack frames of an error as a field of the log; only with --debug. */
export function framesForLog(error: unknown): { readonly frames?: readonly string[] } {
  return areFramesLogged ? { frames: safeStackFrames(error) } : {};
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
