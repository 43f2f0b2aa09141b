// Whether tokens last until the next run replaces them: of the tokens that were just issued, and of the AWS sessions behind those of
// the newest run, where it is known that tokens end with them.
import type { RefreshReport } from '../refresh/report.js';
import { expiresBetweenRuns, formatDuration, type ScheduleSettings } from '../refresh/schedule-margins.js';
import type { TokenInfo } from '../refresh/activity-types.js';
import type { Check } from './check.js';

const SHORTER =
  'Set a shorter `schedule.every`, or find out what shortens the life of the token: a proxy or endpoint in front of ECR.';
const LONGER =
  'Set a shorter `schedule.every`, or a longer `sessionDuration` (and maximum session duration of the role).';

export function tokenLifeChecks(
  target: string,
  { issuedAt, expiresAt }: Pick<TokenInfo, 'issuedAt' | 'expiresAt'>,
  schedule: ScheduleSettings,
): Check[] {
  const lifeMs = Date.parse(expiresAt) - Date.parse(issuedAt);
  return check(target, lifeMs, 'the token expires', schedule, SHORTER);
}

export function sessionLifeChecks({ tokens }: RefreshReport, schedule: ScheduleSettings): Check[] {
  return tokens
    .filter(({ outlivesSession }) => outlivesSession === false)
    .flatMap(({ principalArn, region, issuedAt, usableUntil }) => {
      const target = `tokens of ${principalArn ?? 'an unknown principal'} in ${region}`;
      const lifeMs = Date.parse(usableUntil) - Date.parse(issuedAt);
      return check(target, lifeMs, 'the registry rejects them', schedule, LONGER);
    });
}

function check(
  target: string,
  lifeMs: number,
  what: string,
  schedule: ScheduleSettings,
  remedy: string,
): Check[] {
  if (!expiresBetweenRuns(schedule, lifeMs)) return [];
  const message = `${what} after ${formatDuration(lifeMs)}, before the next run`;
  return [{ id: 'token-life', target, outcome: 'failed', message, remedy }];
}
