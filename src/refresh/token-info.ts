// What may be shown of a token, in reports and in Temporal's history: everything but its password.
import type { RegistryProbe, TokenInfo } from './activity-types.js';
import { describeShortLifetime, formatDuration, type ScheduleSettings } from './schedule-margins.js';
import type { TokenGroup } from './token-group.js';
import { usableUntil, type TokenLifetime } from './token.js';

/** All times are by the clock of AWS. */
export interface TokenDetails extends TokenLifetime {
  readonly fingerprint: string;
  readonly group: TokenGroup;
  readonly principalArn: string | null;
  /** Milliseconds that the clock of AWS is ahead of the worker's; 0 where that is less than four minutes. */
  readonly clockOffsetMs: number;
}

/** ECR gives 12 h; what is missing of it by an hour is worth a warning. */
const EXPECTED_LIFE_MS = 11 * 3_600_000;

/** @param probes what the registries of the token responded to it */
export function toTokenInfo(
  token: TokenDetails,
  schedule: ScheduleSettings,
  probes: readonly RegistryProbe[],
): TokenInfo {
  const { group, principalArn, fingerprint, issuedAt, expiresAt } = token;
  const until = usableUntil(token);
  const warnings = tokenWarnings(token, schedule);
  return {
    group: group.name,
    region: group.region,
    principalArn,
    issuedAt: issuedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    fingerprint,
    probes,
    ...(until < expiresAt ? { usableUntil: until.toISOString() } : {}),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** Sentences for the report about a token that works: a short life, a session that ends early, a clock that is wrong. */
export function tokenWarnings(
  token: Omit<TokenDetails, 'fingerprint'>,
  schedule: ScheduleSettings,
): string[] {
  const { group, principalArn, issuedAt, expiresAt, clockOffsetMs } = token;
  const warnings: string[] = [];
  const lifeMs = expiresAt.getTime() - issuedAt.getTime();
  if (lifeMs < EXPECTED_LIFE_MS) {
    const narrow = describeShortLifetime(schedule, lifeMs);
    warnings.push(
      `The token of ${group.name} lives ${formatDuration(lifeMs)}, until ${expiresAt.toISOString()}, in place of 12 h` +
        `${narrow === undefined ? '' : `; ${narrow}`}.`,
    );
  }
  const until = usableUntil(token);
  const narrow = describeShortLifetime(schedule, until.getTime() - issuedAt.getTime());
  if (until < expiresAt && narrow !== undefined) {
    warnings.push(
      `Tokens of ${principalArn ?? group.principal.name} can be relied on until ${until.toISOString()} only: the AWS ` +
        `session behind them ends then, and AWS does not say that they outlive it; ${narrow}. Let the session last ` +
        'longer, or run more often.',
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
