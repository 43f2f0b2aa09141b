// Owns the tokens of the current run, in memory alone. It is the only caller of ECR, and hands out only tokens
// that were checked and shown to the registry. Refuses to keep what another run obtained.
import { orAbort, type Attempt } from '../refresh/attempt.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { RegistryProbe, TokenInfo } from '../refresh/activity-types.js';
import { checkToken, isFresh, parseAccount } from '../refresh/token.js';
import type { TokenGroup } from '../refresh/token-group.js';
import { Secret } from '../log/secret.js';
import type { ProbedToken, Token, TokenIssuer, TokenSource } from './port.js';

interface CachedGroup {
  readonly token: Promise<Token>;
  readonly probes: Map<string, Promise<RegistryProbe>>;
}

/**
 * A call to ECR or a registry serves every activity that waits for it, so it has a limit of its own instead of
 * ending with the first of them that is cancelled. Together below the 59 s that an attempt of `extractToken` has.
 */
const ISSUE_LIMIT_MS = 40_000;
const PROBE_LIMIT_MS = 18_000;

/** Logs in to a registry with a token. Never throws: no response is the outcome `unreachable`. */
export type VerifyToken = (
  registry: string,
  password: Secret,
  images: readonly string[],
  signal: AbortSignal,
) => Promise<RegistryProbe>;

export interface TokenCacheParts {
  readonly issuer: TokenIssuer;
  /** The check that a token must pass before it is returned. */
  readonly verify: VerifyToken;
  readonly now: () => Date;
}

export class TokenCache implements TokenSource {
  readonly #parts: TokenCacheParts;
  #runId: string | undefined;
  #groups = new Map<string, CachedGroup>();

  constructor(parts: TokenCacheParts) {
    this.#parts = parts;
  }

  /**
   * The run's token of a group, shown to the given registry. On a miss (another worker, a restart, a token past
   * half of its life) it gets another: cheap, and a new token does not revoke the old one.
   *
   * @throws RefreshFailure EcrResponseInvalid, and whatever TokenIssuer throws
   */
  async take(
    { runId, signal }: Pick<Attempt, 'runId' | 'signal'>,
    group: TokenGroup,
    registry: string,
    images: readonly string[],
  ): Promise<ProbedToken> {
    const { token, probes } = await this.#takeYoung(runId, group, signal);
    const probe = probes.get(registry) ?? this.#probe(registry, token, images);
    probes.set(registry, probe);
    return { token, probe: await orAbort(probe, signal) };
  }

  /** Whether connections that received this token need no other yet. */
  isFresh({ issuedAt, expiresAt, usableUntil: until = expiresAt }: TokenInfo): boolean {
    return isFresh({ issuedAt: new Date(issuedAt), expiresAt: new Date(until) }, this.#parts.now());
  }

  async #takeYoung(runId: string, group: TokenGroup, signal: AbortSignal) {
    const cached = this.#cached(runId, group);
    const token = await orAbort(cached.token, signal);
    const nowAtAws = new Date(this.#parts.now().getTime() + token.clockOffsetMs);
    if (isFresh(token, nowAtAws)) return { token, probes: cached.probes };
    this.#forget(group, cached);
    const fresh = this.#cached(runId, group);
    return { token: await orAbort(fresh.token, signal), probes: fresh.probes };
  }

  #cached(runId: string, group: TokenGroup): CachedGroup {
    if (runId !== this.#runId) {
      this.#runId = runId;
      this.#groups = new Map();
    }
    const known = this.#groups.get(group.name);
    if (known) return known;
    const cached: CachedGroup = { token: this.#issue(group), probes: new Map() };
    this.#groups.set(group.name, cached);
    // A failed call is not kept: the next attempt asks again.
    cached.token.catch(() => this.#forget(group, cached));
    return cached;
  }

  #forget({ name }: TokenGroup, cached: CachedGroup): void {
    if (this.#groups.get(name) === cached) this.#groups.delete(name);
  }

  async #issue(group: TokenGroup): Promise<Token> {
    const issued = await this.#parts.issuer.issueToken(group, AbortSignal.timeout(ISSUE_LIMIT_MS));
    const { principalArn, sessionEndsAt, clockOffsetMs } = issued;
    const issuedAt = new Date(this.#parts.now().getTime() + clockOffsetMs);
    const answer = { ...issued, authorizationToken: issued.authorizationToken?.reveal() };
    const account = parseAccount(principalArn);
    const check = checkToken(answer, { region: group.region, account, now: issuedAt });
    if (!check.usable) {
      const where = group.api.service === 'ecr-public' ? 'ECR Public' : 'ECR';
      const message = `${where} in ${group.region} gave no usable token: ${check.problem}.`;
      throw new RefreshFailure('EcrResponseInvalid', message);
    }
    const password = new Secret(check.password);
    const { expiresAt } = check;
    const fingerprint = password.fingerprint();
    return { password, fingerprint, group, principalArn, issuedAt, expiresAt, sessionEndsAt, clockOffsetMs };
  }

  #probe(registry: string, { password }: Token, images: readonly string[]): Promise<RegistryProbe> {
    return this.#parts.verify(registry, password, images, AbortSignal.timeout(PROBE_LIMIT_MS));
  }
}
