import { createHmac, randomBytes } from 'node:crypto';
import type { Secret } from '../../../log/secret.js';
import { SingleFlight } from '../../../net/single-flight.js';
import { RefreshFailure } from '../../../refresh/failures.js';
import { failure, isLoginRejected, toRequestFailure, toResponseFailure } from '../response-errors.js';
import { hasAirflowFormat } from '../response-texts.js';
import type { ApiResponse, RequestContext } from '../transport.js';

/** FAB hashes the password, about 0.2 s; an API server under load takes seconds. */
export const LOGIN_TIMEOUT_MS = 30_000;
/** Directories lock an account after a few wrong passwords, and usually for less than this. */
const REJECTION_MS = 30 * 60_000;

/** Called at each login, so that a rotated secret is picked up. */
export type ReadSecret = () => Secret | Promise<Secret>;

export interface Authorization {
  /** Value of the `Authorization` header. */
  readonly header: Secret;
  /** Milliseconds that it may be used; without it, until Airflow rejects it. */
  readonly usableMs?: number;
}

/** One way to log in. */
export interface LoginMethod {
  readonly secretName: 'password' | 'token';
  readonly readSecret: ReadSecret;
  /** @throws RefreshFailure StoreUnauthorized when the secret is rejected */
  authorize(context: RequestContext, secret: Secret, signal: AbortSignal): Promise<Authorization>;
  /** The failure when Airflow rejects a header that has just been obtained. */
  toRejection(context: RequestContext, status: number): RefreshFailure;
  /** The secret is in each request, so that each may count as an attempt to log in. */
  readonly isSecretInHeader?: true;
  /** Also for requests that Airflow allows to anyone: what is in front of it may not. */
  readonly isAlwaysSent?: true;
}

interface CurrentLogin {
  readonly header: Secret;
  /** On the clock of `now`. */
  readonly usableUntil: number;
  /** Of the secret that it was obtained with. */
  readonly fingerprint: string;
}

/**
 * The login to one Airflow. Its header is kept until it expires or Airflow rejects it; concurrent requests share a login.
 * A secret that Airflow rejected is not sent again for 30 minutes.
 */
export class AirflowLogin {
  readonly #method: LoginMethod;
  readonly #context: RequestContext;
  readonly #now: () => number;
  readonly #logins = new SingleFlight<CurrentLogin>();
  /** Only to notice that a secret has changed. A bare hash of a password could be guessed. */
  readonly #fingerprintKey = randomBytes(32);
  #current: CurrentLogin | undefined;
  #rejection:
    { readonly fingerprint: string; readonly until: number; readonly failure: RefreshFailure } | undefined;

  /** @param now milliseconds of any clock; only differences count */
  constructor(airflow: string, method: LoginMethod, now: () => number) {
    this.#context = { airflow, action: 'login' };
    this.#method = method;
    this.#now = now;
  }

  get isAlwaysSent(): boolean {
    return this.#method.isAlwaysSent ?? false;
  }

  /**
   * Sends a request with the header, and once more with a new one when Airflow rejects the first.
   * @throws RefreshFailure of the login or of `request`; StoreUnauthorized when Airflow rejects the login
   */
  async send(
    context: RequestContext,
    signal: AbortSignal,
    request: (header: Secret) => Promise<ApiResponse>,
  ): Promise<ApiResponse> {
    const first = await this.#getLogin(signal);
    const response = await request(first.header);
    if (!isLoginRejected(response)) return response;
    // However many requests bring the same rejected header, there is one new login.
    if (this.#current === first) this.#current = undefined;
    // The same password or token again would only bring the account nearer to being locked.
    if (this.#method.isSecretInHeader) this.#reject(context, first, response);
    const second = await this.#getLogin(signal);
    const last = await request(second.header);
    if (!isLoginRejected(last)) return last;
    if (this.#current === second) this.#current = undefined;
    throw this.#reject(context, second, last);
  }

  async #getLogin(signal: AbortSignal): Promise<CurrentLogin> {
    if (this.#current && this.#now() < this.#current.usableUntil) return this.#current;
    try {
      return await this.#logins.run('login', LOGIN_TIMEOUT_MS, signal, (within) => this.#logIn(within));
    } catch (error) {
      throw toRequestFailure(this.#context, error);
    }
  }

  async #logIn(signal: AbortSignal): Promise<CurrentLogin> {
    const secret = await this.#readSecret();
    const fingerprint = createHmac('sha256', this.#fingerprintKey).update(secret.reveal()).digest('hex');
    // Measured from before the request: then a JWT expires later than computed, never earlier.
    const startedAt = this.#now();
    const rejection = this.#rejection;
    if (rejection?.fingerprint === fingerprint && startedAt < rejection.until) throw rejection.failure;
    this.#rejection = undefined;
    try {
      const { header, usableMs = Infinity } = await this.#method.authorize(this.#context, secret, signal);
      this.#current = { header, usableUntil: startedAt + usableMs, fingerprint };
      return this.#current;
    } catch (error) {
      this.#remember(fingerprint, error);
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

  #reject(context: RequestContext, login: CurrentLogin, response: ApiResponse): RefreshFailure {
    const rejection = hasAirflowFormat(response)
      ? this.#method.toRejection(context, response.status)
      : toResponseFailure(context, response);
    this.#remember(login.fingerprint, rejection);
    return rejection;
  }

  #remember(fingerprint: string, error: unknown): void {
    if (!(error instanceof RefreshFailure) || error.type !== 'StoreUnauthorized') return;
    this.#rejection = { fingerprint, until: this.#now() + REJECTION_MS, failure: error };
  }
}
