// The log: one JSON line per event on standard error, readable lines where that is a terminal; a static message with
// data in fields. Error objects may contain
// requests and tokens: callers log names and codes, and the logger drops everything else as a last resort.
import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { pino, type DestinationStream, type LogFn, type Logger } from 'pino';
import { cutText, escapeHidden, MAX_CHARS } from '../refresh/safe-text.js';
import type { LogLevel } from './log-level.js';
import { errorClassName } from './redact-error.js';
import { formatTerminalLine } from './terminal-line.js';

export type { Logger };

/** Fields are truncated at this depth. */
const MAX_DEPTH = 4;

/** @param destination file descriptor; 2 keeps standard output free for the output of commands */
export function createLogger(level: LogLevel, destination = 2): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(args, method) {
          method.apply(this, safeArguments(args));
        },
      },
    },
    isatty(destination) ? toTerminal(destination) : toFile(destination),
  );
}

function toTerminal(destination: number): DestinationStream {
  return { write: (line) => void writeSync(destination, formatTerminalLine(line)) };
}

/** JSON lines: a file or a program may show them in a terminal. */
function toFile(destination: number): DestinationStream {
  const file = pino.destination({ dest: destination, sync: true });
  return { write: (line) => void file.write(escapeHidden(line)) };
}

/**
 * Passes only fields and a static message: pino would log an error's own message, and interpolate further arguments.
 */
function safeArguments(args: Parameters<LogFn>): Parameters<LogFn> {
  const [fields, message] = args as [unknown, unknown];
  if (typeof fields === 'string') return [fields];
  const safe = fields instanceof Error ? { error: errorClassName(fields) } : safeFields(fields ?? {});
  return [safe, typeof message === 'string' ? message : undefined];
}

function safeFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, safeValue(value, MAX_DEPTH)]));
}

/** Keeps plain data, and the class name of an error. Drops a Secret, a buffer and any other object. */
export function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cutText(value, MAX_CHARS.logField);
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Error) return { error: errorClassName(value) };
  if (typeof value !== 'object' || depth === 0) return undefined;
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => safeValue(item, depth - 1));
  if (!isPlain(value)) return undefined;
  const entries = Object.entries(value).slice(0, 50);
  return Object.fromEntries(entries.map(([key, item]) => [key, safeValue(item, depth - 1)]));
}

/** An object without a class, also one from the separate realm of a workflow. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
