import type { ProblemCode } from '../../src/config/config-error.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { VALID } from './config-folder.js';

function schedule(title: string, settings: string, key: string, code: ProblemCode): InvalidConfig {
  return invalid(`a schedule ${title}`, `${VALID}schedule: {${settings}}\n`, `7 schedule${key}`, code);
}

const SCHEDULES: InvalidConfig[] = [
  schedule('without a unit', 'every: 4', '.every', 'wrong-type'),
  schedule('with an unknown unit', 'every: 4 hours', '.every', 'invalid'),
  schedule('with a negative interval', 'every: -4h', '.every', 'invalid'),
  schedule('with an interval of 30 s', 'every: 30s', '.every', 'out-of-range'),
  schedule('with an interval of 179 s', 'every: 179s', '.every', 'out-of-range'),
  schedule('with an interval of 0 s', 'every: 0s', '.every', 'out-of-range'),
  schedule('with an interval of 11 h', 'every: 11h', '.every', 'out-of-range'),
  schedule('with jitter of half the interval', 'every: 4h, jitter: 2h', '.jitter', 'out-of-range'),
  schedule('with jitter of the interval', 'every: 4h, jitter: 4h', '.jitter', 'out-of-range'),
  schedule('with jitter of more than the interval', 'every: 4h, jitter: 5h', '.jitter', 'out-of-range'),
  schedule('with an interval of 13 h', 'every: 13h', '.every', 'out-of-range'),
  schedule('with a negative retryFor', 'retryFor: -1h', '.retryFor', 'invalid'),
  schedule('with a retryFor above the maximum', 'retryFor: 226m', '.retryFor', 'out-of-range'),
  schedule('with a retryFor of 0 s', 'retryFor: 0s', '.retryFor', 'out-of-range'),
  schedule('with a retryFor of 99 s', 'retryFor: 99s', '.retryFor', 'out-of-range'),
  schedule(
    'with jitter that leaves no time for retries',
    'every: 3m, jitter: 80s, allowNarrowMargin: true',
    '.jitter',
    'out-of-range',
  ),
  schedule('with cron every 2 min', 'cron: "*/2 * * * *"', '.cron', 'out-of-range'),
  schedule('with both every and cron', 'every: 4h, cron: 0 * * * *', '.cron', 'conflict'),
  schedule('with cron of four fields', 'cron: 0 * * *', '.cron', 'invalid'),
  schedule('with cron at minute 61', 'cron: 61 * * * *', '.cron', 'invalid'),
  schedule('with cron with a descending range', 'cron: "0 20-4 * * *"', '.cron', 'invalid'),
  schedule('with cron on days 1-7', 'cron: 0 */4 * * 1-7', '.cron', 'invalid'),
  schedule('with a time zone', 'cron: 0 */4 * * *, timeZone: UTC', '.timeZone', 'unknown-setting'),
  schedule('with cron that never fires', 'cron: 0 0 31 2 *', '.cron', 'invalid'),
  schedule('with cron with gaps of 12 h', 'cron: "55 5,17 * * *"', '.cron', 'out-of-range'),
  schedule('with cron on workdays', 'cron: 0 */4 * * 1-5', '.cron', 'out-of-range'),
  schedule('with empty cron', 'cron: ""', '.cron', 'invalid'),
  schedule('with the cron nickname @daily', 'cron: "@daily"', '.cron', 'invalid'),
  schedule('with cron of six fields', 'cron: "0 0 */4 * * *"', '.cron', 'invalid'),
  schedule('with an empty id', 'id: ""', '.id', 'invalid'),
  schedule('with an id of 1001 characters', `id: ${'x'.repeat(1001)}`, '.id', 'invalid'),
  schedule('with an id that is a space', 'id: " "', '.id', 'invalid'),
];

describe('loadConfig: schedule', () => {
  rejectEach(SCHEDULES);
});
