import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { GOOD } from './config-folder.js';

function schedule(title: string, settings: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  return bad(`a schedule ${title}`, `${GOOD}schedule: {${settings}}\n`, `7 schedule${key}`, message, remedy);
}

const SCHEDULES: BadConfig[] = [
  schedule('without unit', 'every: 4', '.every', /not text/, /every: 4h/),
  schedule('with an unknown unit', 'every: 4 hours', '.every', /no duration/, /every: 4h/),
  schedule('with a negative interval', 'every: -4h', '.every', /no duration/, /every: 4h/),
  schedule('every 30 s', 'every: 30s', '.every', /below the minimum of 3 min/, /every: 4h/),
  schedule('every 179 s', 'every: 179s', '.every', /below the minimum of 3 min/, /every: 4h/),
  schedule('every 0 s', 'every: 0s', '.every', /below the minimum of 3 min/, /every: 4h/),
  schedule('every 11 h', 'every: 11h', '.every', /only outages of up to 30 min/, /allowNarrowMargin: true/),
  schedule(
    'with jitter of half the interval',
    'every: 4h, jitter: 2h',
    '.jitter',
    /less than half/,
    /default is 5 min/,
  ),
  schedule('with jitter of the interval', 'every: 4h, jitter: 4h', '.jitter', /less than half/, /5 min/),
  schedule('with jitter of more than that', 'every: 4h, jitter: 5h', '.jitter', /less than half/, /5 min/),
  schedule('every 13 h', 'every: 13h', '.every', /too long for tokens that expire after 12 h/, /every: 4h/),
  schedule('that retries for a negative time', 'retryFor: -1h', '.retryFor', /no duration/, /retryFor: 3h/),
  schedule(
    'that retries for longer than fits',
    'retryFor: 226m',
    '.retryFor',
    /exceeds the maximum of 3 h 45 min/,
    /Remove it/,
  ),
  schedule(
    'that retries for nothing',
    'retryFor: 0s',
    '.retryFor',
    /below the minimum of 1 min 40 s/,
    /Remove it/,
  ),
  schedule(
    'that retries for 99 s',
    'retryFor: 99s',
    '.retryFor',
    /below the minimum of 1 min 40 s/,
    /Remove it/,
  ),
  schedule(
    'with jitter that leaves no time for retries',
    'every: 3m, jitter: 80s, allowNarrowMargin: true',
    '.jitter',
    /leaves 56 s for retries/,
    /default is 22 s/,
  ),
  schedule('of cron every 2 min', 'cron: "*/2 * * * *"', '.cron', /2 min is below the minimum/, /every: 4h/),
  schedule('with every and cron', 'every: 4h, cron: 0 * * * *', '.cron', /beside every/, /Remove one/),
  schedule('with four fields of cron', 'cron: 0 * * *', '.cron', /five fields/, /0 \*\/4 \* \* \*/),
  schedule('with minute 61', 'cron: 61 * * * *', '.cron', /no valid minute/, /0 \*\/4 \* \* \*/),
  schedule('with a range backwards', 'cron: "0 20-4 * * *"', '.cron', /no valid hour/, /0 \*\/4/),
  schedule('with cron from Monday to 7', 'cron: 0 */4 * * 1-7', '.cron', /Monday to Saturday/, /0 \*\/4/),
  schedule('with cron that never fires', 'cron: 0 0 31 2 *', '.cron', /never fires/, /0 \*\/4/),
  schedule(
    'with gaps of 12 h',
    'cron: "55 5,17 * * *"',
    '.cron',
    /too long for tokens that expire after 12 h/,
    /every: 4h/,
  ),
  schedule('on workdays', 'cron: 0 */4 * * 1-5', '.cron', /up to 2 d 4 h 5 min apart/, /without such gaps/),
  schedule('with empty cron', 'cron: ""', '.cron', /five fields/, /0 \*\/4/),
  schedule('with a nickname of cron', 'cron: "@daily"', '.cron', /five fields/, /every: 4h/),
  schedule('with cron of six fields', 'cron: "0 0 */4 * * *"', '.cron', /five fields/, /0 \*\/4/),
  schedule('with an empty id', 'id: ""', '.id', /letters, digits/, /id: ecr-refresh/),
  schedule(
    'with an id of 1001 characters',
    `id: ${'x'.repeat(1001)}`,
    '.id',
    /at most 200/,
    /id: ecr-refresh/,
  ),
  schedule('with an id of blanks', 'id: " "', '.id', /letters, digits/, /id: ecr-refresh/),
];

describe('a configuration with a schedule that cannot be kept', () => {
  refuseEach(SCHEDULES);
});
