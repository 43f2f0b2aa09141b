// Computes from the schedule how long a run may take and retry, which outage it survives, and how many tokens it uses.

const MINUTE_MS = 60_000;
/** Reserve in the formula of the survivable outage, for clock differences and the run itself. */
const RESERVE_MS = 5 * MINUTE_MS;
const LEAST_SURVIVABLE_OUTAGE_MS = 120 * MINUTE_MS;
const MIN_INTERVAL_MS = 3 * MINUTE_MS;
/** An attempt may take a 25th of `retryFor`, which must be at least 4 s. */
const MIN_RETRY_FOR_MS = 100_000;

export type ScheduleSpec =
  | { readonly everyMs: number }
  /** Five fields, in UTC. */
  | { readonly cron: string };

/** When runs start, without jitter. With a fixed interval, both intervals are equal; a cron expression has gaps. */
export interface ScheduleIntervals {
  /** Determines the outage that the schedule survives. */
  readonly longestIntervalMs: number;
  /** Determines how long a run may take without delaying the next. */
  readonly shortestIntervalMs: number;
  readonly runsPerDay: number;
}

export interface ScheduleRequest {
  readonly id: string;
  readonly cadence: ScheduleSpec;
  readonly times: ScheduleIntervals;
  /** Default: 5 min, or an eighth of the shortest interval if that is less. */
  readonly jitterMs?: number | undefined;
  /** Default: the longest that fits. */
  readonly retryForMs?: number | undefined;
  readonly allowNarrowMargin: boolean;
}

export interface ScheduleSettings extends ScheduleIntervals {
  readonly id: string;
  readonly cadence: ScheduleSpec;
  /** Each run starts up to this much later than scheduled. */
  readonly jitterMs: number;
  /** How long a run retries, counted from its first workflow task. */
  readonly retryForMs: number;
  /** When Temporal ends a run that has not ended yet. */
  readonly executionTimeoutMs: number;
  readonly allowNarrowMargin: boolean;
}

/** An invalid setting of the schedule, and its fix. */
export interface ScheduleProblem {
  readonly setting: 'every' | 'cron' | 'jitter' | 'retryFor';
  readonly message: string;
  readonly remedy: string;
}

/** The intervals of a schedule without a cron expression. */
export function computeIntervals(everyMs: number): ScheduleIntervals {
  return {
    longestIntervalMs: everyMs,
    shortestIntervalMs: everyMs,
    runsPerDay: (24 * 60 * MINUTE_MS) / everyMs,
  };
}

/**
 * Fills in the defaults and derives the timeouts: a run is ended 5 min before the next may start, and stops
 * retrying 5 min before that, so that it can still report. For intervals below 40 min, each of these margins is an
 * eighth of the interval. No timeout of settings that pass `checkSchedule` is below 100 s.
 */
export function planSchedule(request: ScheduleRequest): ScheduleSettings {
  const { id, cadence, times, allowNarrowMargin } = request;
  const jitterMs = request.jitterMs ?? marginMs(times);
  const executionTimeoutMs = times.shortestIntervalMs - jitterMs - marginMs(times);
  const retryForMs = request.retryForMs ?? executionTimeoutMs - marginMs(times);
  return { id, cadence, ...times, jitterMs, retryForMs, executionTimeoutMs, allowNarrowMargin };
}

/** Five minutes, or an eighth of the shortest interval if that is less; whole seconds. */
function marginMs(times: ScheduleIntervals): number {
  return Math.min(5 * MINUTE_MS, Math.floor(times.shortestIntervalMs / 8 / 1000) * 1000);
}

/**
 * All problems of the settings; empty when they can be applied.
 * @param tokenLifeMs lifetime of tokens, which depends on their issuer
 */
export function checkSchedule(settings: ScheduleSettings, tokenLifeMs: number): ScheduleProblem[] {
  // The later checks assume a valid interval and jitter; without these, their messages would be misleading.
  const fatal = checkInterval(settings) ?? checkJitter(settings);
  if (fatal) return [fatal];
  return [checkRetryFor(settings), checkMargin(settings, tokenLifeMs)].filter(
    (problem) => problem !== undefined,
  );
}

function checkInterval(settings: ScheduleSettings): ScheduleProblem | undefined {
  if (settings.shortestIntervalMs >= MIN_INTERVAL_MS) return undefined;
  return {
    setting: cadenceSetting(settings),
    message:
      'cron' in settings.cadence
        ? `starts runs ${asTyped(settings.shortestIntervalMs)} apart, below the minimum of ${asTyped(MIN_INTERVAL_MS)}`
        : `is below the minimum of ${asTyped(MIN_INTERVAL_MS)}`,
    remedy: 'Use `every: 4h`: Airflow remembers every token it has loaded, so more runs slow it down.',
  };
}

function checkJitter(settings: ScheduleSettings): ScheduleProblem | undefined {
  const { jitterMs, shortestIntervalMs } = settings;
  const remedy = `Remove \`jitter\`; the default is ${asTyped(marginMs(settings))}.`;
  if (jitterMs >= shortestIntervalMs / 2) {
    const message = `must be less than half the interval of ${asTyped(shortestIntervalMs)}`;
    return { setting: 'jitter', message, remedy };
  }
  const leftMs = longestRetryForMs(settings);
  if (leftMs >= MIN_RETRY_FOR_MS) return undefined;
  const message =
    `leaves ${asTyped(leftMs)} for retries between two runs, below the minimum of ` +
    asTyped(MIN_RETRY_FOR_MS);
  return { setting: 'jitter', message, remedy };
}

function checkRetryFor(settings: ScheduleSettings): ScheduleProblem | undefined {
  const { retryForMs } = settings;
  const longest = asTyped(longestRetryForMs(settings));
  const remedy = `Remove \`retryFor\`; the default is ${longest}, the longest that fits between two runs.`;
  if (retryForMs < MIN_RETRY_FOR_MS) {
    const message = `is below the minimum of ${asTyped(MIN_RETRY_FOR_MS)}`;
    return { setting: 'retryFor', message, remedy };
  }
  if (retryForMs <= longestRetryForMs(settings)) return undefined;
  return { setting: 'retryFor', message: `exceeds the maximum of ${longest}`, remedy };
}

/** The time between two runs, minus jitter and margins. */
function longestRetryForMs(settings: ScheduleSettings): number {
  return settings.executionTimeoutMs - marginMs(settings);
}

function checkMargin(settings: ScheduleSettings, tokenLifeMs: number): ScheduleProblem | undefined {
  const survivableMs = survivableOutageMs(settings, tokenLifeMs);
  if (settings.allowNarrowMargin || survivableMs >= LEAST_SURVIVABLE_OUTAGE_MS) return undefined;
  const setting = findLimitingSetting(settings, tokenLifeMs);
  const expires = expiresBetweenRuns(settings, tokenLifeMs);
  return {
    setting,
    message: expires
      ? `runs are up to ${formatDuration(longestStepMs(settings))} apart including jitter, too long for tokens ` +
        `that expire after ${formatDuration(tokenLifeMs)}`
      : `survives ${survivableMs === 0 ? 'no outage' : `only outages of up to ${formatDuration(survivableMs)}`}; ` +
        'the minimum is 2 h',
    remedy:
      (setting === 'jitter' || setting === 'retryFor'
        ? `Remove \`${setting}\`, since the default is enough`
        : 'Use `every: 4h` or a cron expression with shorter gaps (`0 */4 * * *`)') +
      (expires
        ? '. Set `allowNarrowMargin: true` only if pulls may fail between the expiry of a token and the next run.'
        : ', or set `allowNarrowMargin: true` to accept this.'),
  };
}

/** The setting that causes a narrow margin: the first, from the least important on, whose default would be enough. */
function findLimitingSetting(settings: ScheduleSettings, tokenLifeMs: number): ScheduleProblem['setting'] {
  const survives = (jitterMs: number | undefined): boolean =>
    survivableOutageMs(
      planSchedule({ ...settings, times: settings, jitterMs, retryForMs: undefined }),
      tokenLifeMs,
    ) >= LEAST_SURVIVABLE_OUTAGE_MS;
  if (survives(settings.jitterMs)) return 'retryFor';
  return survives(undefined) ? 'jitter' : cadenceSetting(settings);
}

function cadenceSetting(settings: ScheduleSettings): 'every' | 'cron' {
  return 'cron' in settings.cadence ? 'cron' : 'every';
}

/** The longest time from one run to the next. */
function longestStepMs({ longestIntervalMs, jitterMs }: ScheduleSettings): number {
  return longestIntervalMs + jitterMs;
}

/** Whether tokens of this life expire before the next run can replace them. */
export function expiresBetweenRuns(settings: ScheduleSettings, tokenLifeMs: number): boolean {
  return longestStepMs(settings) + RESERVE_MS > tokenLifeMs;
}

/**
 * The longest outage, in milliseconds, of any dependency of a run that causes no expired token, whenever it begins; 0
 * when every outage may cause one. In the worst case it begins right after a token was written, one interval with
 * jitter before the next run, and ends right after a run has stopped retrying, so that the rest of the interval passes
 * before the next run. Five minutes are reserved.
 *
 * @param tokenLifeMs how long tokens are usable
 */
export function survivableOutageMs(settings: ScheduleSettings, tokenLifeMs: number): number {
  const stepMs = longestStepMs(settings);
  const idleMs = stepMs - settings.retryForMs;
  return Math.max(0, tokenLifeMs - stepMs - idleMs - RESERVE_MS);
}

/**
 * What this token lifetime means for the schedule, as a clause of a sentence: `runs are up to 4 h 5 min apart, so it
 * expires before the next run`. Undefined when an outage of two hours is survived anyway, or `allowNarrowMargin` is
 * set.
 */
export function describeShortLifetime(settings: ScheduleSettings, tokenLifeMs: number): string | undefined {
  const outageMs = survivableOutageMs(settings, tokenLifeMs);
  if (settings.allowNarrowMargin || outageMs >= LEAST_SURVIVABLE_OUTAGE_MS) return undefined;
  const apart = `runs are up to ${formatDuration(longestStepMs(settings))} apart`;
  if (expiresBetweenRuns(settings, tokenLifeMs)) return `${apart}, so it expires before the next run`;
  return outageMs === 0
    ? `${apart}, so refreshes survive no outage`
    : `${apart}, so refreshes survive only outages of up to ${formatDuration(outageMs)}`;
}

/**
 * ECR tokens per day for each token group (AWS region): one per run. Airflow's API server remembers every token that it
 * loaded until it restarts, and becomes slower with each.
 */
export function tokensPerDay(settings: ScheduleSettings): number {
  return Math.round(settings.runsPerDay * 10) / 10;
}

/** One line: `every 4 h, jitter 5 min: survives outages of up to 7 h 30 min; 6 tokens a day per region`. */
export function describeSchedule(settings: ScheduleSettings, tokenLifeMs: number): string {
  const { cadence, jitterMs, longestIntervalMs } = settings;
  const starts =
    'everyMs' in cadence
      ? `every ${formatDuration(cadence.everyMs)}`
      : `cron ${cadence.cron} (UTC, up to ${formatDuration(longestIntervalMs)} apart)`;
  const survivableMs = survivableOutageMs(settings, tokenLifeMs);
  const survives =
    survivableMs > 0
      ? `survives outages of up to ${formatDuration(survivableMs)}`
      : expiresBetweenRuns(settings, tokenLifeMs)
        ? 'tokens expire between two runs'
        : 'survives no outage';
  const tokens = tokensPerDay(settings);
  const cost = `${tokens} ${tokens === 1 ? 'token' : 'tokens'} a day per region`;
  return `${starts}, jitter ${formatDuration(jitterMs)}: ${survives}; ${cost}`;
}

/** A duration as a single setting: `225m`, `100s`. Fractions of a second are cut off. */
function asTyped(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds % 60 > 0) return `${seconds}s`;
  return seconds % 3600 > 0 ? `${seconds / 60}m` : `${seconds / 3600}h`;
}

/** A duration as text: `7 h 30 min`, `45 s`, `3 d`. Fractions of a second are cut off. */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const seconds = Math.floor(Math.abs(ms) / 1000);
  // Hours up to two days, because token lifetimes and intervals are usually given in hours.
  const days = seconds < 48 * 3600 ? 0 : Math.floor(seconds / 86_400);
  const parts = [
    { count: days, unit: 'd' },
    { count: Math.floor(seconds / 3600) - days * 24, unit: 'h' },
    { count: Math.floor(seconds / 60) % 60, unit: 'min' },
    { count: seconds % 60, unit: 's' },
  ].filter(({ count }) => count > 0);
  if (parts.length === 0) return '0 s';
  return sign + parts.map(({ count, unit }) => `${count} ${unit}`).join(' ');
}
