import { formatTime, formatTimeToSecond } from '../src/refresh/format-time.js';
import { describePlace, toSentence } from '../src/refresh/report-texts.js';
import { labelRemedy } from './format-checks.js';
import type { RunObserver } from '../src/schedule/follow-run.js';

/** Prints what happens in a run, one line for each event. */
export function observeRun(print: (line: string) => void, taskQueue: string): RunObserver {
  return {
    onFailedAttempt: ({ step, target, attempt, failure, nextAttemptAt }) => {
      const { type, message, remedy } = failure;
      const place = `${step} ${target}`.trim();
      const next =
        nextAttemptAt === null
          ? 'The next attempt is in progress.'
          : `Next attempt: ${formatTimeToSecond(nextAttemptAt)}.`;
      print(
        `Attempt ${attempt} of ${place} failed: ${type}: ${toSentence(message)} ${labelRemedy(remedy)} ${next}`,
      );
    },
    onFailedPart: (failure) => {
      const { type, message, remedy } = failure;
      const place = describePlace(failure);
      print(
        `Failed, not retried in this run: ${place}: ${type}: ${toSentence(message)} ${labelRemedy(remedy)}`,
      );
    },
    onWaitingForWorker: (since) =>
      print(
        `No worker has taken the run since ${formatTime(since)}. ` +
          `Check that a worker is running and uses the task queue ${taskQueue}.`,
      ),
  };
}
