// Owns what a failure of the catalogue is in the code. Refuses free-form failures: whatever is not in the catalogue is
// `Unexpected`.
import { FAILURES, type FailureEntry } from './failure-catalogue.js';

export { FAILURES, type FailureEntry };

export type FailureType = keyof typeof FAILURES;

export function isFailureType(type: string): type is FailureType {
  return Object.hasOwn(FAILURES, type);
}

/** The catalogue's entry, typed as one: `as const` gives each entry its own literal type. */
export function failureEntry(type: FailureType): FailureEntry {
  return FAILURES[type];
}

/**
 * A failure of the catalogue with a message that is safe to show: adapters write it from status codes, names and
 * hosts, never from a body, a header or another error's text.
 */
export class RefreshFailure extends Error {
  override readonly name = 'RefreshFailure';
  readonly type: FailureType;
  readonly remedy: string;
  /** What had been done by then, where a part of it had: plain JSON, no secret. It stays done. */
  readonly progress?: object;
  /** What is wrong without the place that the message begins with, where a report names the place itself. */
  readonly reason?: string;

  constructor(type: FailureType, message: string, remedy?: string, progress?: object, reason?: string) {
    super(message);
    this.type = type;
    this.remedy = remedy ?? FAILURES[type].remedy;
    if (progress !== undefined) this.progress = progress;
    if (reason !== undefined) this.reason = reason;
  }
}
