// Which steps of a run are done, running or waiting. The Temporal UI shows them as current details, `status` as a list.
import type { EarlierAttempts, StepName } from '../refresh/activity-types.js';
import type { FailureReport } from '../refresh/report.js';
import { formatTimeToSecond } from '../refresh/format-time.js';
import { describeConnections, describePlace, toSentence } from '../refresh/report-texts.js';
import { MAX_CHARS, toMarkdown, toSafeText } from '../refresh/safe-text.js';
import type { StepInProgress } from '../refresh/run-progress.js';
import type { WaitingStep } from '../refresh/step-runner.js';

/** Longer lists are not readable, and the details of a run have a size limit in Temporal. */
const MAX_SHOWN = 20;
const MAX_LISTED = 100;
/** Temporal rejects ids of more than 1,000 bytes, and would retry the task until the run times out. */
const MAX_ID_CHARACTERS = 240;

/** A step as it is scheduled. */
export interface ScheduledStep {
  readonly step: StepName;
  readonly target: string;
  readonly attempts: number;
  readonly earlier?: EarlierAttempts | undefined;
}

interface Open extends ScheduledStep {
  readonly activityId: string | null;
  readonly startedAt: Date;
  readonly nextAttemptAt?: Date;
}

export class StepProgress {
  readonly #show: (markdown: string) => void;
  readonly #open = new Set<Open>();
  readonly #uses = new Map<string, number>();
  /** Lists what has failed for good. */
  #listFailures: () => readonly FailureReport[] = () => [];
  #done = 0;
  #isDue = false;

  constructor(show: (markdown: string) => void) {
    this.#show = show;
  }

  get done(): number {
    return this.#done;
  }

  get inProgress(): number {
    return this.#open.size;
  }

  listFailuresBy(list: () => readonly FailureReport[]): void {
    this.#listFailures = list;
  }

  /** Makes an activity id safe to show, and unique within the run: `…`, `… #2`, `… #3`. */
  uniqueId(name: string): string {
    const id = toSafeText(name, MAX_ID_CHARACTERS);
    const uses = (this.#uses.get(id) ?? 0) + 1;
    this.#uses.set(id, uses);
    return uses === 1 ? id : `${id} #${uses}`;
  }

  follow<T>(activityId: string, step: ScheduledStep, work: Promise<T>): Promise<T> {
    const counted = work.then((result) => {
      this.#done += 1;
      return result;
    });
    return this.#track({ ...step, activityId, startedAt: new Date() }, counted);
  }

  /** A step between its first attempt and its retries, where Temporal shows no pending activity. */
  async followWait(waiting: WaitingStep, until: Date, wait: Promise<void>): Promise<void> {
    await this.#track({ ...waiting, activityId: null, startedAt: new Date(), nextAttemptAt: until }, wait);
  }

  /** Failing steps first, the longest failing ones at the top. */
  list(): StepInProgress[] {
    return this.#sort()
      .slice(0, MAX_LISTED)
      .map(({ step, target, activityId, attempts, earlier, nextAttemptAt }) => ({
        step,
        target,
        activityId,
        attempts,
        failingSince: earlier ? new Date(earlier.failingSinceMs).toISOString() : null,
        nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
        failure: earlier?.failure ?? null,
      }));
  }

  /** Shows the failures once after any number of them: a page may have hundreds. */
  showSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    void Promise.resolve().then(() => this.show());
  }

  show(): void {
    this.#isDue = false;
    const open = this.#sort();
    const failures = this.#listFailures();
    const lines = [
      `${this.#done} ${this.#done === 1 ? 'step' : 'steps'} done, ${open.length} in progress`,
      toList('', open, describe),
      toList('Failed:', failures, describeFailed),
    ];
    this.#show(lines.filter((line) => line !== '').join('\n\n'));
  }

  async #track<T>(open: Open, work: Promise<T>): Promise<T> {
    this.#open.add(open);
    this.show();
    try {
      return await work;
    } finally {
      this.#open.delete(open);
      this.show();
    }
  }

  #sort(): Open[] {
    const since = ({ earlier }: Open): number => earlier?.failingSinceMs ?? Infinity;
    return [...this.#open].sort((a, b) => (since(a) === since(b) ? 0 : since(a) - since(b)));
  }
}

function describe({ step, target, earlier, startedAt, nextAttemptAt, activityId }: Open): string {
  const name = toMarkdown(activityId ?? (target === '' ? step : `${step}: ${target}`));
  if (!earlier) return `${name}, since ${formatTimeToSecond(startedAt)}`;
  const { type, message, remedy } = earlier.failure;
  const next = nextAttemptAt
    ? `next attempt at ${formatTimeToSecond(nextAttemptAt)}`
    : 'later attempts are under Pending Activities';
  const since = formatTimeToSecond(new Date(earlier.failingSinceMs));
  const [what, fix] = [message, remedy].map((text) => toMarkdown(toSentence(text)));
  return `${name}: **${toMarkdown(type)}**: ${what} Fix: ${fix} Failing since ${since}; ${next}.`;
}

function describeFailed(failure: FailureReport): string {
  const { type, message } = failure;
  const place = toMarkdown(describePlace(failure));
  const connections = toMarkdown(describeConnections(failure), MAX_CHARS.printed);
  return `${place}: **${toMarkdown(type)}**${connections}: ${toMarkdown(message)}`;
}

/** Describes only what is shown: this runs whenever a step begins or ends. */
function toList<T>(heading: string, items: readonly T[], describeItem: (item: T) => string): string {
  if (items.length === 0) return '';
  const more = items.length > MAX_SHOWN ? [`- and ${items.length - MAX_SHOWN} more`] : [];
  const shown = items.slice(0, MAX_SHOWN).map((item) => `- ${describeItem(item).trimStart()}`);
  const list = [...shown, ...more].join('\n');
  return heading === '' ? list : `${heading}\n\n${list}`;
}
