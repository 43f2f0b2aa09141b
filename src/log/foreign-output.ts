// Catches what libraries and Node.js would print: it is neither a result of a command nor a line of the log, and may
// quote a secret. Only where it came from is passed on.
import { safeStackFrames } from './redact-error.js';

export interface ForeignOutput {
  /** `console`, `stdout`, `stderr`, or the name of a warning of Node.js, such as `DeprecationWarning`. */
  readonly source: string;
  /** Of a warning, such as `DEP0123`. */
  readonly code?: string;
  /** Stack frames of the code that printed it. */
  readonly frames: readonly string[];
}

type Listener = (output: ForeignOutput) => void;

const CONSOLE_METHODS = ['debug', 'dir', 'dirxml', 'error', 'info', 'log', 'table', 'trace', 'warn'] as const;

let listener: Listener = () => undefined;

/** From here on, neither the console nor a warning of Node.js prints anything in this process. */
export function silenceForeignOutput(): void {
  for (const method of CONSOLE_METHODS) {
    globalThis.console[method] = () => listener({ source: 'console', frames: findOrigin() });
  }
  // Node.js prints warnings by a listener of its own.
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { code?: unknown }) => {
    const code = toName(warning.code);
    listener({
      source: toName(warning.name) ?? 'Warning',
      ...(code === undefined ? {} : { code }),
      frames: safeStackFrames(warning),
    });
  });
}

/** Receives what has been silenced. It must not print to the console itself. */
export function reportForeignOutput(report: Listener): void {
  listener = report;
}

/** Also catches what is written to standard output and standard error without the console. */
export function captureStandardStreams(): void {
  for (const source of ['stdout', 'stderr'] as const) {
    process[source].write = (...args: unknown[]): boolean => {
      listener({ source, frames: findOrigin() });
      const callback = args.find((arg) => typeof arg === 'function');
      if (callback) queueMicrotask(() => callback());
      return true;
    };
  }
}

/** The frames of the caller, without those of this file. */
function findOrigin(): string[] {
  return safeStackFrames(new Error('origin')).filter((frame) => !frame.includes('foreign-output.'));
}

function toName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w-]{1,60}$/.test(value) ? value : undefined;
}
