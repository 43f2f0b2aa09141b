// Owns the warnings about a token that works and still lets one worry: a short life, a session that ends early, a clock
// that is wrong. Refuses to make failures of them: the token is used.
import { describeShortLifetime, formatDuration, type ScheduleSettings } from './schedule-margins.js';
import { usableUntil, type TokenLifetime } from './token.js';

export interface TokenForWarnings extends TokenLifetime {
  /** Name of its token group. */
  readonly group: string;
  /** ARN of the principal, or its name where AWS did not say. */
  readonly principal: string;
  /** What the clock of AWS is ahead of the worker's; 0 where that is less than four minutes. */
  readonly clockOffsetMs: number;
}

/** ECR gives 12 h; what is missing of it by an hour is worth a word. */
const EXPECTED_LIFE_MS = 11 * 3_600_000;

/** Sentences for the report, none when all is well. `issuedAt` of the token is by the clock of AWS. */
export function tokenWarnings(token: TokenForWarnings, schedule: ScheduleSettings): string[] {
  const { group, principal, issuedAt, expiresAt, clockOffsetMs } = token;
  const warnings: string[] = [];
  const lifeMs = expiresAt.getTime() - issuedAt.getTime();
  if (lifeMs < EXPECTED_LIFE_MS) {
    const narrow = describeShortLifetime(schedule, lifeMs);
    warnings.push(
      `The token of ${group} lives ${formatDuration(lifeMs)}, until ${expiresAt.toISOString()}, in place of 12 h` +
        `${narrow === undefined ? '' : `; ${narrow}`}.`,
    );
  }
  const until = usableUntil(token);
  const narrow = describeShortLifetime(schedule, until.getTime() - issuedAt.getTime());
  if (until < expiresAt && narrow !== undefined) {
    warnings.push(
      `Tokens of ${principal} can be relied on until ${until.toISOString()} only: the AWS session behind them ends ` +
        `then, and AWS does not say that they outlive it; ${narrow}. Let the session last longer, or run more often.`,
    );
  }
  if (clockOffsetMs !== 0) {
    const side = clockOffsetMs > 0 ? 'behind' : 'ahead of';
    warnings.push(
      `The clock of the worker is ${formatDuration(Math.abs(clockOffsetMs))} ${side} that of AWS: set it right.`,
    );
  }
  return warnings;
}
