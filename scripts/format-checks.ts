import { toOutcome, type Check } from '../src/doctor/check.js';

/** What `doctor --json` prints. */
export interface DoctorDocument {
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly checks: readonly Check[];
}

export function toDocument(checks: readonly Check[]): DoctorDocument {
  return { outcome: toOutcome(checks), checks };
}

const MARKS = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ', skipped: 'skipped' };

/** One line per check, and a summary at the end, where a terminal shows it. */
export function formatChecks(checks: readonly Check[]): string {
  return [...checks.map(formatCheck), '', summarize(checks)].join('\n');
}

/** A remedy that requires no action is not a fix. */
export function labelRemedy(remedy: string): string {
  return remedy.startsWith('No action needed:') ? remedy : `Fix: ${remedy}`;
}

function formatCheck({ target, outcome, message, remedy }: Check): string {
  const fix = remedy === null ? '' : `\n         ${labelRemedy(remedy)}`;
  return `${MARKS[outcome]}  ${target}: ${message}${fix}`;
}

function summarize(checks: readonly Check[]): string {
  const counts = (['failed', 'warning', 'skipped', 'ok'] as const)
    .map((outcome) => ({ outcome, count: checks.filter((check) => check.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome === 'warning' && count > 1 ? 'warnings' : outcome}`);
  return `${toOutcome(checks).toUpperCase()}: ${counts.join(', ')}.`;
}
