// Owns the shape of what `doctor` finds: one line each, with a remedy where something is wrong.
import type { FailureInfo } from '../refresh/failures.js';

export interface Check {
  /** What was looked at: `Airflow main`, `token us-east-1`. */
  readonly name: string;
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** Absent when all is well. */
  readonly remedy?: string;
}

export function ok(name: string, message: string): Check {
  return { name, outcome: 'ok', message };
}

export function warning(name: string, message: string, remedy: string): Check {
  return { name, outcome: 'warning', message, remedy };
}

export function failed(name: string, { type, message, remedy }: FailureInfo): Check {
  return { name, outcome: 'failed', message: `${type}: ${message}`, remedy };
}
