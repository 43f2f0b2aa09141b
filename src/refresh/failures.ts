// Failures of the catalogue in code. An error that is not in the catalogue becomes `Unexpected`.
import { FAILURES } from './failure-catalogue.js';
import { isConnectionId } from './connection-id.js';
import { SCOPES, type FailureEntry, type Scope } from './failure-entry.js';
import { parseRemedy } from './parse-remedy.js';
import type { Remedy } from './remedies/remedy.js';
import { cutText, MAX_CHARS } from './safe-text.js';

export { FAILURES, type FailureEntry, type Scope };

export type FailureType = keyof typeof FAILURES;

export function isFailureType(type: string): type is FailureType {
  return Object.hasOwn(FAILURES, type);
}

/** The catalogue's entry, typed as one: `as const` gives each entry its own literal type. */
export function failureEntry(type: FailureType): FailureEntry {
  return FAILURES[type];
}

/** The remedy of a failure type, unless the failure has a more specific one. */
export function getRemedy(type: FailureType): Remedy {
  return failureEntry(type).remedy as Remedy;
}

export function isScope(value: unknown): value is Scope {
  return SCOPES.some((scope) => scope === value);
}

/** A failure as plain JSON that contains no secrets. */
export interface FailureInfo {
  readonly type: FailureType;
  readonly scope: Scope;
  readonly message: string;
  readonly remedy: Remedy;
  /** Ids of the affected connections, where the failure lists them. */
  readonly connections?: readonly string[];
}

/** A failure with the scope and remedy from the catalogue. */
export function describeFailure(type: FailureType, message: string): FailureInfo {
  return { type, scope: FAILURES[type].scope, message, remedy: getRemedy(type) };
}

/**
 * A failure that came through Temporal, whose texts may be forged: remedy and scope become those of its type unless
 * they are of the catalogue. A type of another release counts as `Unexpected`.
 */
export function restoreFailure<Failure extends FailureTexts>(failure: Failure): Failure & Restored {
  const type = isFailureType(failure.type) ? failure.type : 'Unexpected';
  return {
    ...failure,
    scope: isScope(failure.scope) ? failure.scope : FAILURES[type].scope,
    remedy: parseRemedy(failure.remedy) ?? getRemedy(type),
  };
}

interface FailureTexts {
  readonly type: string;
  readonly scope?: unknown;
  readonly remedy?: unknown;
}

type Restored = Pick<FailureInfo, 'scope' | 'remedy'>;

/** More connections than one step handles. */
const MAX_LISTED = 1000;

/** Type, message and details of a failure that came through Temporal, where it is one of the catalogue. */
export function parseFailure(type: string, message: string, details: unknown): FailureInfo | undefined {
  if (!isFailureType(type)) return undefined;
  const { remedy, scope, connections } = (details ?? {}) as FailureDetails;
  return {
    ...restoreFailure({ type, scope, message: cutText(message, MAX_CHARS.printed), remedy }),
    ...(isTexts(connections) ? { connections: findIds(connections) } : {}),
  };
}

/** What the interceptor of activities adds to type and message. */
interface FailureDetails {
  readonly remedy?: unknown;
  readonly scope?: unknown;
  readonly connections?: unknown;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** What is not a valid id is dropped: no failure of this program lists it. */
function findIds(texts: readonly string[]): string[] {
  return [...new Set(texts.slice(0, MAX_LISTED).filter(isConnectionId))];
}

/** Optional details of a failure. */
export interface FailureContext {
  /** The scope from the catalogue, or a smaller one where the failure was isolated. */
  readonly scope?: Scope;
  /** Ids of the affected connections. */
  readonly connections?: readonly string[];
  /** The message without the place at its beginning, for reports that show the place themselves. */
  readonly reason?: string;
}

/**
 * A failure of the catalogue. Its message contains no secrets: it is built from status codes, names and hosts, never
 * from a body, a header or the text of another error.
 */
export class RefreshFailure extends Error {
  override readonly name = 'RefreshFailure';
  readonly type: FailureType;
  readonly remedy: Remedy;
  readonly scope: Scope;
  readonly #context: FailureContext;

  /** @param remedy replaces the catalogue's remedy where that would mislead the reader */
  constructor(type: FailureType, message: string, remedy?: Remedy, context: FailureContext = {}) {
    super(message);
    this.type = type;
    this.remedy = remedy ?? getRemedy(type);
    this.scope = context.scope ?? FAILURES[type].scope;
    this.#context = context;
  }

  get connections(): readonly string[] | undefined {
    return this.#context.connections;
  }

  get reason(): string | undefined {
    return this.#context.reason;
  }

  /** The same failure, with more details. */
  with(context: FailureContext): RefreshFailure {
    return new RefreshFailure(this.type, this.message, this.remedy, { ...this.#context, ...context });
  }
}
