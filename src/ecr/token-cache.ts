// The tokens of the latest run, and one earlier token of each group, in memory only. It is the only caller of ECR, and returns only tokens that were checked
// and verified with the registry.
import { RefreshFailure } from '../refresh/failures.js';
import { AWS_REMEDIES } from '../refresh/remedies/aws.js';
import type { RegistryProbe } from '../refresh/activity-types.js';
import { checkToken, isFresh, parseAccount } from '../refresh/token.js';
import type { TokenGroup } from '../refresh/token-group.js';
import { Secret } from '../log/secret.js';
import { DeadlineExceeded } from '../net/deadline.js';
import { SingleFlight } from '../net/single-flight.js';
import { describePlace, toEcrFailure } from './ecr-failure.js';
import { SESSION_CHECK_LIMIT_MS, SessionChecks } from './session-checks.js';
import type { ProbedToken, RunAttempt, Token, TokenIssuer, TokenSource, VerifyToken } from './port.js';

/**
 * All activities that wait for a call to ECR or a registry share it, and so do their next attempts. So the call has its
 * own time limit. It includes 90 s for loading credentials; the rest is for ECR.
 */
const ISSUE_LIMIT_MS = 110_000;
const PROBE_LIMIT_MS = 18_000;
/** How much longer callers wait than a verification takes: it ends earlier, with the outcome `unreachable`. */
const PROBE_MARGIN_MS = 2_000;

export interface TokenCacheParts {
  readonly issuer: TokenIssuer;
  /** Called before a token is returned. */
  readonly verify: VerifyToken;
  readonly now: () => Date;
}

export class TokenCache implements TokenSource {
  readonly #parts: TokenCacheParts;
  readonly #issuing = new SingleFlight<Token>();
  readonly #probing = new SingleFlight<RegistryProbe>();
  readonly #sessionChecks: SessionChecks;
  #run = startRun('');

  constructor(parts: TokenCacheParts) {
    this.#parts = parts;
    this.#sessionChecks = new SessionChecks(parts.verify);
  }

  /**
   * On a cache miss (another worker, a restart, a token past half of its lifetime) it requests another token.
   * This is cheap, and a new token does not revoke the old one.
   */
  async take(
    attempt: RunAttempt,
    group: TokenGroup,
    registry: string,
    images: readonly string[],
  ): Promise<ProbedToken> {
    const { runId, signal } = attempt;
    signal.throwIfAborted();
    if (runId !== this.#run.runId) this.#run = startRun(runId);
    const { tokens, probes, outlives } = this.#run;
    const kept = tokens.get(group.name);
    const token = kept && this.#isFresh(kept) ? kept : await this.#issueOrJoin(tokens, group, attempt);
    const key = `${token.fingerprint} ${registry}`;
    const verify = async (): Promise<RegistryProbe> => {
      const ended = AbortSignal.timeout(PROBE_LIMIT_MS);
      const probe = await this.#parts.verify(registry, token.password, images, ended);
      probes.set(key, probe);
      if (probe.outcome !== 'accepted') return probe;
      const result = await this.#sessionChecks.check(token, registry, this.#awsTime(token));
      if (result !== undefined) outlives.set(group.name, result);
      return probe;
    };
    const limitMs = PROBE_LIMIT_MS + SESSION_CHECK_LIMIT_MS + PROBE_MARGIN_MS;
    const probe = probes.get(key) ?? (await join(this.#probing, key, limitMs, signal, verify));
    return { token, probe };
  }

  getOutlivesSession(group: TokenGroup): boolean | undefined {
    return this.#run.outlives.get(group.name);
  }

  #isFresh(token: Token): boolean {
    return isFresh(token, this.#awsTime(token));
  }

  #awsTime({ clockOffsetMs }: Token): Date {
    return new Date(this.#parts.now().getTime() + clockOffsetMs);
  }

  /** @param tokens receives the token, even if the caller has stopped waiting */
  async #issueOrJoin(tokens: Map<string, Token>, group: TokenGroup, attempt: RunAttempt): Promise<Token> {
    const issue = async (ended: AbortSignal): Promise<Token> => {
      const token = await this.#issue(group, attempt, ended);
      tokens.set(group.name, token);
      return token;
    };
    try {
      const key = `${attempt.runId} ${group.name}`;
      return await join(this.#issuing, key, ISSUE_LIMIT_MS, attempt.signal, issue);
    } catch (error) {
      if (error instanceof DeadlineExceeded) throw await toEcrFailure(group, error);
      const isTimeout = error instanceof RefreshFailure && error.type === 'AttemptTimedOut';
      const wait = isTimeout ? this.#parts.issuer.describeWait(group) : undefined;
      if (wait === undefined) throw error;
      throw new RefreshFailure(
        'AwsUnavailable',
        `${wait}: the credentials did not load in time; loading continues in the background`,
        AWS_REMEDIES.waitForLoad,
      );
    }
  }

  async #issue(group: TokenGroup, attempt: RunAttempt, signal: AbortSignal): Promise<Token> {
    const issued = await this.#parts.issuer.issueToken(group, attempt, signal);
    const { principalArn, sessionEndsAt, clockOffsetMs } = issued;
    const issuedAt = new Date(this.#parts.now().getTime() + clockOffsetMs);
    const response = { ...issued, authorizationToken: issued.authorizationToken?.reveal() };
    const account = parseAccount(principalArn);
    const check = checkToken(response, { region: group.region, account, now: issuedAt });
    if (!check.usable) {
      const message = `${describePlace(group)} returned no usable token: ${check.problem}.`;
      throw new RefreshFailure('EcrResponseInvalid', message);
    }
    const password = new Secret(check.password);
    const { expiresAt } = check;
    const fingerprint = password.fingerprint();
    return { password, fingerprint, group, principalArn, issuedAt, expiresAt, sessionEndsAt, clockOffsetMs };
  }
}

/** The state of a run: tokens and what was found out about their sessions by group, probes by token and registry. */
function startRun(runId: string) {
  return {
    runId,
    tokens: new Map<string, Token>(),
    probes: new Map<string, RegistryProbe>(),
    outlives: new Map<string, boolean>(),
  };
}

/** Stops waiting when the attempt's signal fires. @throws the reason of that signal, or whatever `call` throws */
async function join<T>(
  flight: SingleFlight<T>,
  key: string,
  limitMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await flight.run(key, limitMs, signal, call);
  } catch (error) {
    if (error instanceof DeadlineExceeded) signal.throwIfAborted();
    throw error;
  }
}
