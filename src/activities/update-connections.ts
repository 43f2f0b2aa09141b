// Fourth step: writes the token into the connections of one Airflow and registry, and goes on where an earlier
// attempt stopped. Its failures tell what was written before, so that nobody takes that for failed.
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { toRejection } from '../refresh/registry-probe.js';
import type { TokenInfo, UpdateInput, UpdateOutcome } from '../refresh/activity-types.js';
import { parseUpdateProgress, toOutcome, type UpdateProgress } from '../refresh/update-progress.js';
import type { Attempt } from '../refresh/attempt.js';
import { resolveTokenGroup } from './resolve-token-group.js';
import { getAllowedStore, getAllowedRules, getAllowedConfig } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import { toTokenInfo } from '../refresh/token-info.js';
import { writePasswords } from './write-passwords.js';

/** Of the connections that failed so far, heartbeats name as many. */
const MAX_NOTED_FAILURES = 20;

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotAllowed, TokenRejected, and whatever ConnectionStore,
 *   RegistryResolver and TokenCache throw: with an UpdateProgress, where something was written by then
 */
export async function updateConnections(
  shared: Dependencies,
  attempt: Attempt,
  input: UpdateInput,
): Promise<UpdateOutcome> {
  const allowed = getAllowedConfig(shared.source, input.configHash);
  const store = getAllowedStore(allowed, input.store);
  const rules = getAllowedRules(store, input.connections);
  const progress = new Progress(attempt, input.connections, noted(shared, attempt, input.connections));
  try {
    const { registry } = input;
    const group = await resolveTokenGroup(shared, allowed, registry, input.group, attempt);
    const { token, probe } = await shared.tokens.take(attempt, group, registry, allowed.getImages(registry));
    const refusal = toRejection(probe);
    if (refusal) throw new RefreshFailure(refusal.type, refusal.message, refusal.remedy);
    const facts = toTokenInfo(token, allowed.schedule, [probe]);
    const problems = await writePasswords(
      { context: { shared, allowed, attempt }, store, rules, registry, token },
      progress.pending(),
      progress.written(),
      (written, failed) => progress.note(facts, written, failed),
    );
    return toOutcome(progress.now(), input.connections, problems, facts);
  } catch (error) {
    throw progress.attachTo(narrow(error));
  }
}

/** A server error may be one connection's own, and an auth manager may allow some connections and forbid others. */
const SAY_NOTHING_OF_OTHERS: readonly FailureType[] = ['StoreUnavailable', 'StoreForbidden'];

/** A failure that stops the connections of this update, but not the store's others. */
function narrow(error: unknown): unknown {
  const isOfConnections = error instanceof RefreshFailure && SAY_NOTHING_OF_OTHERS.includes(error.type);
  return isOfConnections ? error.with({ scope: 'connection' }) : error;
}

/** What an earlier attempt noted, unless its token is by now too old to be left in the connections. */
function noted(
  { tokens }: Dependencies,
  attempt: Attempt,
  connections: readonly string[],
): UpdateProgress | undefined {
  const progress = parseUpdateProgress(attempt.noted, connections.length);
  return progress?.tokens.every((facts) => tokens.isFresh(facts)) ? progress : undefined;
}

/** How far the update has got, over all its attempts. */
class Progress {
  readonly #attempt: Attempt;
  readonly #connections: readonly string[];
  readonly #refreshed: Set<number>;
  readonly #tokens: Map<string, TokenInfo>;
  #failed: readonly string[] = [];

  constructor(attempt: Attempt, connections: readonly string[], before: UpdateProgress | undefined) {
    this.#attempt = attempt;
    this.#connections = connections;
    this.#refreshed = new Set(before?.refreshed);
    this.#tokens = new Map(before?.tokens.map((facts) => [facts.fingerprint, facts]));
  }

  now(): UpdateProgress {
    return { refreshed: [...this.#refreshed], failed: this.#failed, tokens: [...this.#tokens.values()] };
  }

  pending(): string[] {
    return this.#connections.filter((_, place) => !this.#refreshed.has(place));
  }

  written(): string[] {
    return this.#connections.filter((_, place) => this.#refreshed.has(place));
  }

  /** A failure that ends the update for good must not make failures of what was written. */
  attachTo(error: unknown): unknown {
    if (!(error instanceof RefreshFailure) || this.#refreshed.size === 0) return error;
    return error.with({ progress: this.now() });
  }

  note(facts: TokenInfo, written: readonly string[], failed: readonly string[]): void {
    for (const id of written) this.#refreshed.add(this.#connections.indexOf(id));
    if (written.length > 0) this.#tokens.set(facts.fingerprint, facts);
    this.#failed = failed.slice(0, MAX_NOTED_FAILURES);
    this.#attempt.note(this.now());
  }
}
