// Owns what a failure of the catalogue is in the code. Refuses free-form failures: whatever is not in the catalogue is
// `Unexpected`.
import { FAILURES } from './failure-catalogue.js';
import { SCOPES, type FailureEntry, type Scope } from './failure-entry.js';

export { FAILURES, type FailureEntry, type Scope };

export type FailureType = keyof typeof FAILURES;

export function isFailureType(type: string): type is FailureType {
  return Object.hasOwn(FAILURES, type);
}

/** The catalogue's entry, typed as one: `as const` gives each entry its own literal type. */
export function failureEntry(type: FailureType): FailureEntry {
  return FAILURES[type];
}

export function isScope(value: unknown): value is Scope {
  return SCOPES.some((scope) => scope === value);
}

/** A failure as plain JSON, safe to show. */
export interface FailureInfo {
  readonly type: FailureType;
  readonly scope: Scope;
  readonly message: string;
  readonly remedy: string;
  /** Ids of the connections that it concerns, where the failure states them. */
  readonly connections?: readonly string[];
}

/** A failure with scope and remedy of the catalogue. */
export function describeFailure(type: FailureType, message: string): FailureInfo {
  const { scope, remedy } = FAILURES[type];
  return { type, scope, message, remedy };
}

/** What else may be known of a failure. */
export interface FailureContext {
  /** That of the catalogue, or a smaller one where the failure was isolated. */
  readonly scope?: Scope;
  /** Ids of the connections that it concerns. */
  readonly connections?: readonly string[];
  /** What is wrong without the place that the message begins with, where a report names the place itself. */
  readonly reason?: string;
}

/**
 * A failure of the catalogue with a message that is safe to show: it is made of status codes, names and hosts, never of a
 * body, a header or another error's text.
 */
export class RefreshFailure extends Error {
  override readonly name = 'RefreshFailure';
  readonly type: FailureType;
  readonly remedy: string;
  readonly scope: Scope;
  readonly #context: FailureContext;

  /** @param remedy where that of the catalogue would send the reader elsewhere */
  constructor(type: FailureType, message: string, remedy?: string, context: FailureContext = {}) {
    super(message);
    this.type = type;
    this.remedy = remedy ?? FAILURES[type].remedy;
    this.scope = context.scope ?? FAILURES[type].scope;
    this.#context = context;
  }

  get connections(): readonly string[] | undefined {
    return this.#context.connections;
  }

  get reason(): string | undefined {
    return this.#context.reason;
  }

  /** The same failure, with something more known of it. */
  with(context: FailureContext): RefreshFailure {
    return new RefreshFailure(this.type, this.message, this.remedy, { ...this.#context, ...context });
  }
}
