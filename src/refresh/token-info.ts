// The facts about a token that reports and Temporal's history show: everything except its password.
import type { RegistryProbe, TokenInfo } from './activity-types.js';
import { formatTime } from './format-time.js';
import { describeShortLifetime, formatDuration, type ScheduleSettings } from './schedule-margins.js';
import type { TokenGroup } from './token-group.js';
import { usableUntil, type TokenLifetime } from './token.js';

/** All times are by AWS's clock. */
export interface TokenDetails extends TokenLifetime {
  readonly fingerprint: string;
  readonly group: TokenGroup;
  readonly principalArn: string | null;
  /** Milliseconds that AWS's clock is ahead of the worker's; 0 when the difference is below four minutes. */
  readonly clockOffsetMs: number;
}

/** ECR tokens expire after 12 h; a token that expires more than an hour earlier gets a warning. */
const EXPECTED_LIFE_MS = 11 * 3_600_000;

/**
 * @param probes results of verifying the token with its registries
 * @param outlivesSession whether tokens of the group outlive their session; undefined when this was not found out
 */
export function toTokenInfo(
  token: TokenDetails,
  schedule: ScheduleSettings,
  probes: readonly RegistryProbe[],
  outlivesSession?: boolean,
): TokenInfo {
  const { group, principalArn, fingerprint, issuedAt, expiresAt } = token;
  const until = usableUntil(token);
  const warnings = tokenWarnings(token, schedule);
  const sessionWarning = findSessionWarning(token, schedule);
  return {
    group: group.name,
    region: group.region,
    principalArn,
    issuedAt: issuedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    fingerprint,
    probes,
    ...(until < expiresAt ? { usableUntil: until.toISOString() } : {}),
    ...(outlivesSession === undefined ? {} : { outlivesSession }),
    ...(warnings.length === 0 ? {} : { warnings }),
    ...(sessionWarning === undefined ? {} : { sessionWarning }),
  };
}

/** The warning for a token that ends with its session, if the schedule is too slow for it. */
export function findSessionWarning(
  token: Omit<TokenDetails, 'fingerprint'>,
  schedule: ScheduleSettings,
): string | undefined {
  const { group, principalArn, issuedAt, expiresAt } = token;
  const until = usableUntil(token);
  const narrow = describeShortLifetime(schedule, until.getTime() - issuedAt.getTime());
  if (until >= expiresAt || narrow === undefined) return undefined;
  return (
    `Tokens of ${principalArn ?? group.principal.name} end with their AWS session, this one at ` +
    `${formatTime(until)}: the registry rejected an earlier one after its session; ${narrow}. Use a longer session, ` +
    'or run more often.'
  );
}

/** Warnings about a valid token for the report: a short lifetime, a wrong clock. */
export function tokenWarnings(
  token: Omit<TokenDetails, 'fingerprint'>,
  schedule: ScheduleSettings,
): string[] {
  const { group, issuedAt, expiresAt, clockOffsetMs } = token;
  const warnings: string[] = [];
  const lifeMs = expiresAt.getTime() - issuedAt.getTime();
  if (lifeMs < EXPECTED_LIFE_MS) {
    const narrow = describeShortLifetime(schedule, lifeMs);
    warnings.push(
      `The token of ${group.name} expires after ${formatDuration(lifeMs)} instead of 12 h, ` +
        `at ${formatTime(expiresAt)}${narrow === undefined ? '' : `; ${narrow}`}.`,
    );
  }
  if (clockOffsetMs !== 0) {
    const side = clockOffsetMs > 0 ? 'behind' : 'ahead of';
    warnings.push(
      `The clock of the worker is ${formatDuration(Math.abs(clockOffsetMs))} ${side} AWS: synchronize it.`,
    );
  }
  return warnings;
}
