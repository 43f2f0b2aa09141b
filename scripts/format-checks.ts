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
  const fix = remedy === undefined ? '' : `\n         Fix: ${remedy}`;
  return `${MARKS[outcome]}  ${name}: ${message}${fix}`;
}
