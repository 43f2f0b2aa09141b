// Owns the log: one JSON line per event on standard error, a static message with data in fields. Refuses error
// objects, which carry requests and tokens: callers log names, codes and places, and a last net drops the rest.
import { pino, type LogFn, type Logger } from 'pino';
import type { LogLevel } from './log-level.js';
import { errorClassName } from './redact-error.js';

export type { Logger };

/** Depth and size at which fields are cut: what is larger than this is not meant for a log. */
const MAX_DEPTH = 4;
const MAX_CHARS = 1000;

/** @param destination file descriptor: 2 keeps standard output free for what commands print */
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
    pino.destination({ dest: destination, sync: true }),
  );
}

/** Fields and a static message: pino would take an error's own message for one, and fill in further arguments. */
function safeArguments(args: Parameters<LogFn>): Parameters<LogFn> {
  const [fields, message] = args as [unknown, unknown];
  if (typeof fields === 'string') return [fields];
  const safe = fields instanceof Error ? { error: errorClassName(fields) } : safeFields(fields ?? {});
  return [safe, typeof message === 'string' ? message : undefined];
}

function safeFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, safeValue(value, MAX_DEPTH)]));
}

/** Plain data only: of an error just its class name, of a Secret, a buffer or any other object nothing. */
export function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > MAX_CHARS ? `${value.slice(0, MAX_CHARS)}…` : value;
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Error) return { error: errorClassName(value) };
  if (typeof value !== 'object' || depth === 0) return undefined;
  if (Array.isArray(value)) return value.slice(0, 50).map((item) => safeValue(item, depth - 1));
  if (!isPlain(value)) return undefined;
  const entries = Object.entries(value).slice(0, 50);
  return Object.fromEntries(entries.map(([key, item]) => [key, safeValue(item, depth - 1)]));
}

/** Without a class, in this realm or in that of a workflow. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
