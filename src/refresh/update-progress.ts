// Owns what one attempt at an update leaves to the next, on this worker or another: which connections hold a token,
// and which one. Passes through heartbeats: small, plain, without secrets, and never trusted when it comes back.
import type { ConnectionProblem, TokenInfo, UpdateOutcome } from './activity-types.js';
import type { FailureInfo } from './report-builder.js';

export interface UpdateProgress {
  /** Places in the input, from 0, of the connections that hold one of the tokens. */
  readonly refreshed: readonly number[];
  /** The first few connections that could not be written: for whoever looks at the activity while it is tried. */
  readonly failed: readonly string[];
  readonly tokens: readonly TokenInfo[];
}

/** The progress within heartbeat details; undefined when there is none that fits an input of `size` connections. */
export function parseUpdateProgress(value: unknown, size: number): UpdateProgress | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { refreshed, failed, tokens } = value as Partial<Record<keyof UpdateProgress, unknown>>;
  const isPlace = (place: unknown): boolean =>
    typeof place === 'number' && Number.isInteger(place) && place >= 0 && place < size;
  const fits =
    isArrayOf(refreshed, isPlace) &&
    isArrayOf(failed, (id) => typeof id === 'string') &&
    isArrayOf(tokens, isTokenFacts) &&
    (refreshed as unknown[]).length > 0 &&
    (tokens as unknown[]).length > 0;
  return fits ? (value as UpdateProgress) : undefined;
}

function isArrayOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

function isTokenFacts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { group, region, issuedAt, expiresAt, fingerprint, probes } = value as Partial<
    Record<keyof TokenInfo, unknown>
  >;
  const texts = [group, region, issuedAt, expiresAt, fingerprint];
  return texts.every((text) => typeof text === 'string') && Array.isArray(probes);
}

/** What became of an update as far as it got. The token that ends first counts: that is when somebody must act. */
export function toOutcome(
  progress: UpdateProgress,
  connections: readonly string[],
  failed: readonly ConnectionProblem[],
  current: TokenInfo,
): UpdateOutcome {
  const places = new Set(progress.refreshed);
  const [first = current, ...others] = progress.tokens.toSorted(byExpiry);
  return {
    refreshed: connections.filter((_, place) => places.has(place)),
    failed,
    fingerprint: first.fingerprint,
    expiresAt: first.expiresAt,
    token: first,
    ...(others.length === 0 ? {} : { otherTokens: others }),
  };
}

/**
 * What became of an update that failed for good: what was written stays written, and only the rest has failed.
 * Undefined when nothing was written.
 */
export function toPartialOutcome(
  progress: UpdateProgress,
  connections: readonly string[],
  failure: FailureInfo,
): UpdateOutcome | undefined {
  const [token] = progress.tokens;
  if (!token || progress.refreshed.length === 0) return undefined;
  const { type, scope, message, remedy } = failure;
  const places = new Set(progress.refreshed);
  const rest = connections.filter((_, place) => !places.has(place));
  const failed = rest.map((connection) => ({ connection, type, scope, message, remedy }));
  return toOutcome(progress, connections, failed, token);
}

function byExpiry(a: TokenInfo, b: TokenInfo): number {
  return Date.parse(a.usableUntil ?? a.expiresAt) - Date.parse(b.usableUntil ?? b.expiresAt);
}
