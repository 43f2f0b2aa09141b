// What may be shown of a token, in reports and in Temporal's history: everything but its password.
import type { RegistryProbe, TokenInfo } from './activity-types.js';
import type { ScheduleSettings } from './schedule-margins.js';
import type { TokenGroup } from './token-group.js';
import { tokenWarnings } from './token-warnings.js';
import { usableUntil } from './token.js';

export interface TokenDetails {
  readonly fingerprint: string;
  readonly group: TokenGroup;
  readonly principalArn: string | null;
  /** By the clock of AWS, as the other times are. */
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly sessionEndsAt?: Date | undefined;
  /** Milliseconds that the clock of AWS is ahead of the worker's. */
  readonly clockOffsetMs: number;
}

/** @param probes what the registries of the token responded to it */
export function toTokenInfo(
  token: TokenDetails,
  schedule: ScheduleSettings,
  probes: readonly RegistryProbe[],
): TokenInfo {
  const { group, principalArn, fingerprint, issuedAt, expiresAt } = token;
  const until = usableUntil(token);
  const warnings = tokenWarnings(
    { ...token, group: group.name, principal: principalArn ?? group.principal.name },
    schedule,
  );
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
