import type { Check } from '../src/doctor/check.js';

/** What `doctor --json` prints. */
export interface DoctorDocument {
  readonly checks: readonly Check[];
}

const MARKS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' };

export function formatChecks(checks: readonly Check[]): string {
  return checks.map(formatCheck).join('\n');
}

/** A remedy that requires no action is not a fix. */
export function labelRemedy(remedy: string): string {
  return remedy.startsWith('No action needed:') ? remedy : `Fix: ${remedy}`;
}

function formatCheck({ name, outcome, message, remedy }: Check): string {
  const fix = remedy === undefined ? '' : `\n         ${labelRemedy(remedy)}`;
  return `${MARKS[outcome]}  ${name}: ${message}${fix}`;
}
