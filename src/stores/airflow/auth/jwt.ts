// Owns the sign-in to one Airflow by user name and password, and the JWT that it gives. Refuses to sign in more
// often than needed: concurrent callers share one sign-in, and a JWT is used until shortly before its end.
import { Secret } from '../../../log/secret.js';
import type { HttpResponse, HttpClient } from '../../../net/http.js';
import { failure, toResponseFailure, toRequestFailure, notAirflow } from '../response-errors.js';
import type { AirflowCredential, RequestContext } from '../transport.js';
import { readReference, type ReadSecret } from './read-secret.js';
import { singleFlight } from '../single-flight.js';

/** FAB hashes the password, about 0.2 s; an API server under load takes seconds. */
const SIGN_IN_TIMEOUT_MS = 30_000;
/** Airflow accepts a JWT until 10 s past its end; requests begun before that must not meet its end. */
const MARGIN_MS = 60_000;
/** For a JWT that does not say when it ends. Airflow's own default is 24 h. */
const ASSUMED_LIFE_MS = 3_600_000;

export interface JwtCredentialOptions {
  /** Name of the Airflow in the configuration. */
  readonly name: string;
  /** Base URL, without /api/v2 and /auth. */
  readonly url: string;
  readonly username: string;
  readonly readPassword: ReadSecret;
  /** Milliseconds of any clock; only differences count. One that jumps costs a sign-in more, and nothing else. */
  readonly now: () => number;
  readonly http: HttpClient;
}

interface SignedIn {
  /** `Bearer` and the JWT. */
  readonly authorization: Secret;
  /** On the clock of `now`. */
  readonly usableUntil: number;
}

/**
 * A session that signs in on first use by `POST /auth/token`.
 * Its methods throw RefreshFailure StoreUnreachable, StoreUnavailable, StoreUnauthorized or
 * StoreRequestRejected. A caller's abort ends its own waiting; the sign-in goes on for the others.
 */
export function createJwtCredential(options: JwtCredentialOptions): AirflowCredential {
  const attempt: RequestContext = { airflow: options.name, action: 'sign-in' };
  let current: SignedIn | undefined;

  const logInOnce = singleFlight(attempt, SIGN_IN_TIMEOUT_MS, async () => {
    current = await signIn(options, attempt);
    return current;
  });

  async function authorize(signal: AbortSignal): Promise<Secret> {
    const recordLogin = current && options.now() < current.usableUntil ? current : await logInOnce(signal);
    return recordLogin.authorization;
  }

  async function renew(rejected: Secret, signal: AbortSignal): Promise<Secret> {
    // Of many requests that one JWT failed, the first signs in; the others find its JWT here.
    if (current?.authorization === rejected) current = undefined;
    return authorize(signal);
  }

  return { authorize, renew, refusal: 'a new sign-in did not help' };
}

async function signIn(options: JwtCredentialOptions, attempt: RequestContext): Promise<SignedIn> {
  const password = await readReference(attempt, 'password', options.readPassword);
  // Measured from before the request: then the JWT ends later than we think, never earlier.
  const startedAt = options.now();
  let answer: HttpResponse;
  try {
    answer = await options.http.send({
      method: 'POST',
      url: `${options.url.replace(/\/+$/, '')}/auth/token`,
      json: { username: options.username, password: password.reveal() },
      timeoutMs: SIGN_IN_TIMEOUT_MS,
      signal: new AbortController().signal,
    });
  } catch (error) {
    throw toRequestFailure(attempt, error);
  }
  const jwt = readAnswer(attempt, answer);
  const lifeMs = getLifetime(jwt);
  const authorization = new Secret(`Bearer ${jwt}`);
  return { authorization, usableUntil: startedAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 10) };
}

function readAnswer(attempt: RequestContext, answer: HttpResponse): string {
  const { status, json } = answer;
  if (status === 401 || status === 403) {
    throw failure('StoreUnauthorized', attempt, 'user name or password is not accepted', status);
  }
  if (status === 404 || status === 405) {
    throw failure('StoreRequestRejected', attempt, 'no /auth/token there: is this Airflow 3?', status);
  }
  if (status !== 200 && status !== 201) throw toResponseFailure(attempt, answer);
  const jwt = (json as { access_token?: unknown } | null | undefined)?.access_token;
  // Printable and short, or else it would not do as a header.
  if (typeof jwt !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(jwt)) throw notAirflow(attempt);
  return jwt;
}

/**
 * Milliseconds from issue to end, by the JWT's own two times: so a clock that differs from Airflow's does no harm.
 * Decoded only; to verify it is the business of Airflow.
 */
function getLifetime(jwt: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { exp, iat } = payload as { exp?: unknown; iat?: unknown };
    if (typeof exp === 'number' && typeof iat === 'number' && exp > iat) return (exp - iat) * 1000;
  } catch {
    // Not a JWT that we can read: it is used all the same, and Airflow says when it no longer likes it.
  }
  return ASSUMED_LIFE_MS;
}
