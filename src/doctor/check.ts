import type { FailureInfo } from '../refresh/failures.js';

export interface Check {
  /** What was checked: `Airflow main`, `token us-east-1`. */
  readonly name: string;
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** Absent if the check passed. */
  readonly remedy?: string;
}

export function ok(name: string, message: string): Check {
  return { name, outcome: 'ok', message };
}

export function warning(name: string, message: string, remedy: string): Check {
  return { name, outcome: 'warning', message, remedy };
}

export function failed(name: string, { type, message, remedy }: FailureInfo): Check {
  return { name, outcome: 'failed', message: `${type}: ${omitPlace(name, message)}`, remedy };
}

/** Most messages begin with their place, such as `Airflow main: `, which the name of the check shows already. */
function omitPlace(name: string, message: string): string {
  const [place = ''] = message.split(': ', 1);
  const isShown = name === place || name.endsWith(` ${place}`);
  return isShown ? message.slice(`${place}: `.length) : message;
}
