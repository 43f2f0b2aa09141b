// Finds out whether tokens outlive the AWS session that they were obtained with, which AWS does not document: shows a
// registry the token of a session that has ended.
import type { RegistryProbe } from '../refresh/activity-types.js';
import { isSameRole } from '../refresh/token.js';
import type { Token, VerifyToken } from './port.js';

/** The registry has just responded, and a run must not wait long for this. */
export const SESSION_CHECK_LIMIT_MS = 5_000;
/** AWS may accept a session for a short time after its end. */
const GRACE_MS = 5 * 60_000;

/** A token that was verified with registries, until it is checked after the end of its session. */
interface Kept {
  readonly token: Token;
  readonly registries: Set<string>;
}

export class SessionChecks {
  readonly #verify: VerifyToken;
  /** By token group; in memory only. */
  readonly #kept = new Map<string, Kept>();

  constructor(verify: VerifyToken) {
    this.#verify = verify;
  }

  /**
   * Call it when a registry has accepted a token. Once, after the session of an earlier token has ended, it checks
   * whether that registry still accepts the earlier one. Sends nothing to ECR.
   * @param now the time by AWS's clock
   * @returns whether the earlier token has outlived its session; undefined when this was not found out
   */
  async check(token: Token, registry: string, now: Date): Promise<boolean | undefined> {
    for (const [group, { token: old }] of this.#kept) if (old.expiresAt <= now) this.#kept.delete(group);
    const kept = this.#kept.get(token.group.name);
    if (kept?.token.fingerprint === token.fingerprint) {
      kept.registries.add(registry);
      return undefined;
    }
    // A token of another role is not evidence: that role may no longer exist.
    const isComparable = kept !== undefined && isSameRole(kept.token.principalArn, token.principalArn);
    if (isComparable && !(hasEnded(kept.token, now) && kept.registries.has(registry))) return undefined;
    this.#keep(token, registry);
    return isComparable ? this.#compare(kept.token, token, registry) : undefined;
  }

  #keep(token: Token, registry: string): void {
    const { group, sessionEndsAt, expiresAt } = token;
    this.#kept.delete(group.name);
    // Otherwise there is nothing to find out.
    if (sessionEndsAt && sessionEndsAt < expiresAt) {
      this.#kept.set(group.name, { token, registries: new Set([registry]) });
    }
  }

  /** False only if the registry rejects the earlier token and accepts the new one right afterwards. */
  async #compare(earlier: Token, token: Token, registry: string): Promise<boolean | undefined> {
    const signal = AbortSignal.timeout(SESSION_CHECK_LIMIT_MS);
    const show = async ({ password }: Token): Promise<RegistryProbe['outcome']> =>
      (await this.#verify(registry, password, [], signal)).outcome;
    const outcome = await show(earlier);
    if (outcome === 'accepted') return true;
    return outcome === 'rejected' && (await show(token)) === 'accepted' ? false : undefined;
  }
}

function hasEnded({ sessionEndsAt }: Token, now: Date): boolean {
  return sessionEndsAt !== undefined && sessionEndsAt.getTime() + GRACE_MS <= now.getTime();
}
