import { setTimeout } from 'node:timers/promises';
import type { Secret } from '../../../log/secret.js';
import { SingleFlight } from '../../../net/single-flight.js';
import { RefreshFailure } from '../../../refresh/failures.js';
import { failure, toRequestFailure, toResponseFailure } from '../response-errors.js';
import { hasAirflowFormat, hasForeignSignature, isLoginRejected } from '../response-texts.js';
import type { ApiRequest, ApiResponse, RequestContext } from '../transport.js';

/** FAB takes about 0.2 s to hash the password; an API server under load takes seconds. */
export const LOGIN_TIMEOUT_MS = 30_000;
/** Directory services lock an account after a few wrong passwords, usually for a shorter time than this. */
const REJECTION_MS = 30 * 60_000;
/** With a missing permission each request is answered with 403: this limits the logins that it causes. */
const LEAST_RENEWAL_MS = 60_000;
/**
 * How often a token is sent that Airflow says it has not signed. API servers with different secrets behind one address
 * reject each other's tokens, and the next request may reach the one that signed this token.
 */
const TRIES_OF_A_TOKEN = 3;
/** Requests in lockstep would always reach the same server. */
const TRY_AGAIN_MS = 25;

/** Called at each login, or for each request, so that a rotated secret is picked up. */
export type ReadSecret = () => Secret | Promise<Secret>;

export interface LoginMethod {
  readonly secretName: 'password' | 'token' | 'token request';
  readonly readSecret: ReadSecret;
  /**
   * Returns the value of the `Authorization` header.
   * @throws RefreshFailure StoreUnauthorized when the secret is rejected
   */
  authorize(context: RequestContext, secret: Secret, signal: AbortSignal): Promise<Secret>;
  /** The failure when Airflow rejects the header; StoreUnauthorized when the header contains the secret itself. */
  toRejection(context: RequestContext, status: number): RefreshFailure;
  /** The header is also sent where Airflow requires no login: a proxy in front of it may require it. */
  readonly isAlwaysSent?: true;
  /** The secret is read for each request, and a new one is used immediately. */
  readonly isReadEachTime?: true;
  /**
   * A 403 may mean that the login has expired. Keycloak's auth manager asks Keycloak for each permission, with a token
   * that expires after 5 minutes by default, although the JWT of Airflow is valid for a day. A role in the JWT may also
   * have changed.
   */
  readonly isRenewedWhenForbidden?: true;
}

interface CurrentLogin {
  readonly header: Secret;
  /** The password or token used for this login. */
  readonly secret: Secret;
  /** Milliseconds on the clock of `now`. */
  readonly at: number;
}

interface Rejection {
  readonly secret: Secret;
  readonly failure: RefreshFailure;
  /** Milliseconds on the clock of `now`. */
  readonly until: number;
}

/**
 * The login to one Airflow instance. Its header is reused until Airflow rejects it, for example because it expired.
 * Concurrent requests share a login. A secret that Airflow rejected is not sent again for 30 minutes.
 */
export class AirflowLogin {
  readonly #method: LoginMethod;
  readonly #context: RequestContext;
  readonly #now: () => number;
  readonly #logins = new SingleFlight<CurrentLogin>();
  #current: CurrentLogin | undefined;
  #rejection: Rejection | undefined;

  /** @param now milliseconds of any clock; only differences matter */
  constructor(airflow: string, method: LoginMethod, now: () => number) {
    this.#context = { airflow, action: 'login' };
    this.#method = method;
    this.#now = now;
  }

  /**
   * Sends a request with the header, and again with a new header when Airflow rejects the first, or when it may have
   * expired: at most two logins and six requests.
   * @throws RefreshFailure of the login or of `call`; StoreUnauthorized when Airflow rejects the login
   */
  async send(
    { anonymous }: Pick<ApiRequest, 'anonymous'>,
    signal: AbortSignal,
    call: (authorization?: Secret) => Promise<ApiResponse>,
  ): Promise<ApiResponse> {
    if (anonymous && !this.#method.isAlwaysSent) return call();
    for (let isFirst = true; ; isFirst = false) {
      const login = await this.#getLogin(signal);
      const response = await sendToken(() => call(login.header), signal);
      const isRejected = isLoginRejected(response);
      if (!isRejected && !(isFirst && this.#mayBeExpired(login, response))) return response;
      // Several requests with the same rejected header cause only one new login.
      if (this.#current === login) this.#current = undefined;
      if (!isRejected) continue;
      // Does not show that the header is invalid, but a proxy may check it, too: the next attempt uses a new one.
      if (!hasAirflowFormat(response)) throw toResponseFailure(response);
      const rejection = this.#method.toRejection(response.request, response.status);
      // Also before the second login: the same secret must not be sent again, which could lock the account.
      this.#remember(login.secret, rejection);
      if (!isFirst) throw rejection;
    }
  }

  #mayBeExpired({ at }: CurrentLogin, response: ApiResponse): boolean {
    const isOld = this.#now() - at >= LEAST_RENEWAL_MS;
    const isForbidden = response.status === 403 && hasAirflowFormat(response);
    return this.#method.isRenewedWhenForbidden === true && isForbidden && isOld;
  }

  async #getLogin(signal: AbortSignal): Promise<CurrentLogin> {
    if (this.#current && !(await this.#isReplaced(this.#current))) return this.#current;
    try {
      return await this.#logins.run('login', LOGIN_TIMEOUT_MS, signal, (within) => this.#logIn(within));
    } catch (error) {
      throw toRequestFailure(this.#context, error);
    }
  }

  async #isReplaced({ secret }: CurrentLogin): Promise<boolean> {
    if (!this.#method.isReadEachTime) return false;
    // The file may be missing or empty while it is written, and the current secret may still be valid.
    const now = await this.#readSecret().catch(() => secret);
    return now.reveal() !== secret.reveal();
  }

  async #logIn(signal: AbortSignal): Promise<CurrentLogin> {
    const secret = await this.#readSecret();
    const rejected = this.#rejection;
    const isSame = rejected?.secret.reveal() === secret.reveal();
    if (rejected && isSame && this.#now() < rejected.until) throw rejected.failure;
    this.#rejection = undefined;
    try {
      const header = await this.#method.authorize(this.#context, secret, signal);
      this.#current = { header, secret, at: this.#now() };
      return this.#current;
    } catch (error) {
      this.#remember(secret, error);
      throw error;
    }
  }

  async #readSecret(): Promise<Secret> {
    const { secretName, readSecret } = this.#method;
    let secret: Secret;
    try {
      secret = await readSecret();
    } catch (error) {
      if (error instanceof RefreshFailure) throw error;
      const reason = `the ${secretName} could not be read; check its reference`;
      throw failure('StoreUnauthorized', this.#context, reason);
    }
    if (secret.reveal() !== '') return secret;
    throw failure('StoreUnauthorized', this.#context, `the ${secretName} is empty`);
  }

  #remember(secret: Secret, error: unknown): void {
    if (!(error instanceof RefreshFailure) || error.type !== 'StoreUnauthorized') return;
    this.#rejection = { secret, failure: error, until: this.#now() + REJECTION_MS };
  }
}

async function sendToken(send: () => Promise<ApiResponse>, signal: AbortSignal): Promise<ApiResponse> {
  for (let tries = 1; ; tries += 1) {
    const response = await send();
    if (tries === TRIES_OF_A_TOKEN || !hasForeignSignature(response)) return response;
    await setTimeout(tries * TRY_AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}
