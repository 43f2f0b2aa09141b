import type { ProblemCode } from '../../src/config/config-error.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { GOOD } from './config-folder.js';

function schedule(title: string, settings: string, key: string, code: ProblemCode): BadConfig {
  return bad(`a schedule ${title}`, `${GOOD}schedule: {${settings}}\n`, `7 schedule${key}`, code);
}

const SCHEDULES: BadConfig[] = [
  schedule('without unit', 'every: 4', '.every', 'wrong-type'),
  schedule('with an unknown unit', 'every: 4 hours', '.every', 'invalid'),
  schedule('with a negative interval', 'every: -4h', '.every', 'invalid'),
  schedule('every 30 s', 'every: 30s', '.every', 'out-of-range'),
  schedule('every 179 s', 'every: 179s', '.every', 'out-of-range'),
  schedule('every 0 s', 'every: 0s', '.every', 'out-of-range'),
  schedule('every 11 h', 'every: 11h', '.every', 'out-of-range'),
  schedule('with jitter of half the interval', 'every: 4h, jitter: 2h', '.jitter', 'out-of-range'),
  schedule('with jitter of the interval', 'every: 4h, jitter: 4h', '.jitter', 'out-of-range'),
  schedule('with jitter of more than that', 'every: 4h, jitter: 5h', '.jitter', 'out-of-range'),
  schedule('every 13 h', 'every: 13h', '.every', 'out-of-range'),
  schedule('that retries for a negative time', 'retryFor: -1h', '.retryFor', 'invalid'),
  schedule('that retries for longer than fits', 'retryFor: 226m', '.retryFor', 'out-of-range'),
  schedule('that retries for nothing', 'retryFor: 0s', '.retryFor', 'out-of-range'),
  schedule('that retries for 99 s', 'retryFor: 99s', '.retryFor', 'out-of-range'),
  schedule(
    'with jitter that leaves no time for retries',
    'every: 3m, jitter: 80s, allowNarrowMargin: true',
    '.jitter',
    'out-of-range',
  ),
  schedule('of cron every 2 min', 'cron: "*/2 * * * *"', '.cron', 'out-of-range'),
  schedule('with every and cron', 'every: 4h, cron: 0 * * * *', '.cron', 'conflict'),
  schedule('with four fields of cron', 'cron: 0 * * *', '.cron', 'invalid'),
  schedule('with minute 61', 'cron: 61 * * * *', '.cron', 'invalid'),
  schedule('with a range backwards', 'cron: "0 20-4 * * *"', '.cron', 'invalid'),
  schedule('with cron from Monday to 7', 'cron: 0 */4 * * 1-7', '.cron', 'invalid'),
  schedule('with a time zone', 'cron: 0 */4 * * *, timeZone: UTC', '.timeZone', 'unknown-setting'),
  schedule('with cron that never fires', 'cron: 0 0 31 2 *', '.cron', 'invalid'),
  schedule('with gaps of 12 h', 'cron: "55 5,17 * * *"', '.cron', 'out-of-range'),
  schedule('on workdays', 'cron: 0 */4 * * 1-5', '.cron', 'out-of-range'),
  schedule('with empty cron', 'cron: ""', '.cron', 'invalid'),
  schedule('with a nickname of cron', 'cron: "@daily"', '.cron', 'invalid'),
  schedule('with cron of six fields', 'cron: "0 0 */4 * * *"', '.cron', 'invalid'),
  schedule('with an empty id', 'id: ""', '.id', 'invalid'),
  schedule('with an id of 1001 characters', `id: ${'x'.repeat(1001)}`, '.id', 'invalid'),
  schedule('with an id of blanks', 'id: " "', '.id', 'invalid'),
];

describe('a configuration with a schedule that cannot be kept', () => {
  refuseEach(SCHEDULES);
});
