// Owns the tokens of the current run, in memory alone. It is the only caller of ECR, and hands out only tokens
// that were checked and shown to the registry. Refuses to keep what another run obtained.
import { isYoung, checkToken } from '../domain/token.js';
import { RefreshFailure } from '../domain/failures.js';
import { tokenGroup } from '../domain/registry-host.js';
import type { RegistryProbe, TokenFacts } from '../domain/steps.js';
import { Secret } from '../secret.js';
import { abortable } from './attempt.js';
import type { RegistryApi, TokenIssuer } from './ports.js';
import { DEFAULT_PRINCIPAL } from './targets.js';

export interface Token {
  readonly password: Secret;
  readonly fingerprint: string;
  readonly region: string;
  readonly principalArn: string | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export interface ProbedToken {
  readonly token: Token;
  readonly probe: RegistryProbe;
}

/** What may be told of a token, and what its registries said. */
export function tokenFacts(token: Token, probes: readonly RegistryProbe[]): TokenFacts {
  const { region, principalArn, fingerprint, issuedAt, expiresAt } = token;
  return {
    group: tokenGroup(DEFAULT_PRINCIPAL, region),
    region,
    principalArn,
    issuedAt: issuedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    fingerprint,
    probes,
  };
}

interface CachedGroup {
  readonly token: Promise<Token>;
  readonly probes: Map<string, Promise<RegistryProbe>>;
}

/**
 * A call to ECR or a registry serves every activity that waits for it, so it has a limit of its own instead of
 * ending with the first of them that is cancelled. Together below the 59 s that an attempt of `extractToken` has.
 */
const ISSUE_LIMIT_MS = 40_000;
const PROBE_LIMIT_MS = 15_000;

export class TokenCache {
  readonly #issuer: TokenIssuer;
  readonly #registry: RegistryApi;
  readonly #now: () => Date;
  #runId: string | undefined;
  #groups = new Map<string, CachedGroup>();

  constructor(issuer: TokenIssuer, registry: RegistryApi, now: () => Date) {
    this.#issuer = issuer;
    this.#registry = registry;
    this.#now = now;
  }

  /**
   * The run's token of a region, shown to the given registry. On a miss (another worker, a restart, a token past
   * half of its life) it gets another: cheap, and a new token does not revoke the old one.
   *
   * @throws RefreshFailure EcrResponseInvalid, and whatever TokenIssuer throws
   */
  async take(runId: string, region: string, registry: string, signal: AbortSignal): Promise<ProbedToken> {
    const { token, probes } = await this.#takeYoung(runId, region, signal);
    let probe = probes.get(registry);
    if (!probe) {
      probe = this.#registry.probe(registry, token.password, AbortSignal.timeout(PROBE_LIMIT_MS));
      probes.set(registry, probe);
    }
    return { token, probe: await abortable(probe, signal) };
  }

  /** Whether connections that received this token need no other yet. */
  isYoung({ issuedAt, expiresAt }: TokenFacts): boolean {
    return isYoung({ issuedAt: new Date(issuedAt), expiresAt: new Date(expiresAt) }, this.#now());
  }

  async #takeYoung(runId: string, region: string, signal: AbortSignal) {
    const cached = this.#group(runId, region);
    const token = await abortable(cached.token, signal);
    if (isYoung(token, this.#now())) return { token, probes: cached.probes };
    this.#forget(region, cached);
    const fresh = this.#group(runId, region);
    return { token: await abortable(fresh.token, signal), probes: fresh.probes };
  }

  #group(runId: string, region: string): CachedGroup {
    if (runId !== this.#runId) {
      this.#runId = runId;
      this.#groups = new Map();
    }
    const key = tokenGroup(DEFAULT_PRINCIPAL, region);
    const known = this.#groups.get(key);
    if (known) return known;
    const group: CachedGroup = { token: this.#issue(region), probes: new Map() };
    this.#groups.set(key, group);
    // A failed call is not kept: the next attempt asks again.
    group.token.catch(() => this.#forget(region, group));
    return group;
  }

  #forget(region: string, group: CachedGroup): void {
    const key = tokenGroup(DEFAULT_PRINCIPAL, region);
    if (this.#groups.get(key) === group) this.#groups.delete(key);
  }

  async #issue(region: string): Promise<Token> {
    const issued = await this.#issuer.issueToken(region, AbortSignal.timeout(ISSUE_LIMIT_MS));
    const issuedAt = this.#now();
    const check = checkToken(issued.authorizationToken?.reveal(), issued.expiresAt, issuedAt);
    if (!check.usable || !issued.expiresAt) {
      const problem = check.usable ? 'it does not say when the token expires' : check.problem;
      throw new RefreshFailure('EcrResponseInvalid', `ECR in ${region} gave no usable token: ${problem}.`);
    }
    const password = new Secret(check.password);
    return {
      password,
      fingerprint: password.fingerprint(),
      region,
      principalArn: issued.principalArn,
      issuedAt,
      expiresAt: issued.expiresAt,
    };
  }
}
