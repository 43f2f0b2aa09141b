// Owns how the findings of `doctor` look in a terminal.
import type { Check } from '../src/doctor/check.js';

/** What `doctor --json` prints. */
export interface DoctorDocument {
  readonly checks: readonly Check[];
}

const MARKS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' };

export function formatChecks(checks: readonly Check[]): string {
  return checks.map(formatCheck).join('\n');
}

function formatCheck({ name, outcome, message, remedy }: Check): string {
  const todo = remedy === undefined ? '' : `\n         What to do: ${remedy}`;
  return `${MARKS[outcome]}  ${name}: ${message}${todo}`;
}
