import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { GOOD } from './config-folder.js';

function schedule(title: string, settings: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  return bad(`a schedule ${title}`, `${GOOD}schedule: {${settings}}\n`, `7 schedule${key}`, message, remedy);
}

const SCHEDULES: BadConfig[] = [
  schedule('without unit', 'every: 4', '.every', /not text/, /every: 4h/),
  schedule('with an unknown unit', 'every: 4 hours', '.every', /no duration/, /every: 4h/),
  schedule('with a negative interval', 'every: -4h', '.every', /no duration/, /every: 4h/),
  schedule('every 30 s', 'every: 30s', '.every', /least is 1 min/, /every: 4h/),
  schedule('every 0 s', 'every: 0s', '.every', /least is 1 min/, /every: 4h/),
  schedule('every 11 h', 'every: 11h', '.every', /only outages of up to 30 min/, /allowNarrowMargin: true/),
  schedule(
    'with jitter of half the interval',
    'every: 4h, jitter: 2h',
    '.jitter',
    /leaves too little/,
    /5 min for example/,
  ),
  schedule('with jitter of the interval', 'every: 4h, jitter: 4h', '.jitter', /leaves too little/, /5 min/),
  schedule('with jitter of more than that', 'every: 4h, jitter: 5h', '.jitter', /leaves too little/, /5 min/),
  schedule('every 13 h', 'every: 13h', '.every', /guarantees an expired token/, /every: 4h/),
  schedule('that retries for a negative time', 'retryFor: -1h', '.retryFor', /no duration/, /retryFor: 3h/),
  schedule(
    'that retries for longer than fits',
    'retryFor: 226m',
    '.retryFor',
    /3 h 45 min is the most/,
    /Leave retryFor out/,
  ),
  schedule(
    'that retries for nothing',
    'retryFor: 0s',
    '.retryFor',
    /10 s is the least/,
    /Leave retryFor out/,
  ),
  schedule('with every and cron', 'every: 4h, cron: 0 * * * *', '.cron', /beside every/, /Remove one/),
  schedule('with four fields of cron', 'cron: 0 * * *', '.cron', /five fields/, /0 \*\/4 \* \* \*/),
  schedule('with minute 61', 'cron: 61 * * * *', '.cron', /no valid minute/, /0 \*\/4 \* \* \*/),
  schedule('with a range backwards', 'cron: "0 20-4 * * *"', '.cron', /no valid hour/, /0 \*\/4/),
  schedule('with cron from Monday to 7', 'cron: 0 */4 * * 1-7', '.cron', /Monday to Saturday/, /0 \*\/4/),
  schedule('with cron that never fires', 'cron: 0 0 31 2 *', '.cron', /never fires/, /0 \*\/4/),
  schedule('with gaps of 12 h', 'cron: "55 5,17 * * *"', '.cron', /guarantees an expired token/, /every: 4h/),
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
