// Owns the sign-in to one Airflow by user name and password, and the JWT that it gives. Refuses to sign in more
// often than needed: concurrent callers share one sign-in, and a JWT is used until shortly before its end.
import { RefreshFailure } from '../../domain/failures.js';
import { Secret } from '../../secret.js';
import { waitUnlessAborted } from '../deadline.js';
import type { HttpAnswer, HttpClient } from '../http.js';
import { describeTransportError } from '../transport-error.js';
import type { AirflowSession } from './airflow-3.js';
import { failure, failureOfAnswer, failureOfTransport, notAirflow, type Attempt } from './answer.js';

/** FAB hashes the password, about 0.2 s; an API server under load takes seconds. */
const SIGN_IN_TIMEOUT_MS = 30_000;
/** Airflow accepts a JWT until 10 s past its end; requests begun before that must not meet its end. */
const MARGIN_MS = 60_000;
/** For a JWT that does not say when it ends. Airflow's own default is 24 h. */
const ASSUMED_LIFE_MS = 3_600_000;

export interface PasswordSessionOptions {
  /** Name of the Airflow in the configuration. */
  readonly name: string;
  /** Base URL, without /api/v2 and /auth. */
  readonly url: string;
  readonly username: string;
  /** Called at each sign-in, so that a rotated password is picked up. */
  readonly readPassword: () => Secret | Promise<Secret>;
  /** Milliseconds of any clock; only differences count. One that jumps costs a sign-in more, and nothing else. */
  readonly now: () => number;
  readonly http: HttpClient;
}

interface SignedIn {
  readonly jwt: Secret;
  /** On the clock of `now`. */
  readonly usableUntil: number;
}

/**
 * A session that signs in on first use by `POST /auth/token`.
 * Its methods throw RefreshFailure AirflowUnreachable, AirflowUnavailable, AirflowUnauthorized or
 * AirflowRequestRejected. A caller's abort ends its own waiting; the sign-in goes on for the others.
 */
export function createPasswordSession(options: PasswordSessionOptions): AirflowSession {
  const attempt: Attempt = { airflow: options.name, action: 'sign-in' };
  let current: SignedIn | undefined;
  let underWay: Promise<SignedIn> | undefined;

  function signInOnce(): Promise<SignedIn> {
    underWay ??= signIn(options, attempt)
      .then((signedIn) => (current = signedIn))
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  }

  async function awaitSignIn(signal: AbortSignal): Promise<Secret> {
    try {
      const signedIn = await waitUnlessAborted(signInOnce(), signal, SIGN_IN_TIMEOUT_MS + 1000);
      return signedIn.jwt;
    } catch (error) {
      if (error instanceof RefreshFailure) throw error;
      throw failure('AirflowUnreachable', attempt, describeTransportError(error));
    }
  }

  async function readJwt(signal: AbortSignal): Promise<Secret> {
    return current && options.now() < current.usableUntil ? current.jwt : awaitSignIn(signal);
  }

  async function renew(rejected: Secret, signal: AbortSignal): Promise<Secret> {
    // Of many requests that one JWT failed, the first signs in; the others find its JWT here.
    if (current?.jwt === rejected) current = undefined;
    return readJwt(signal);
  }

  return { readJwt, renew };
}

async function signIn(options: PasswordSessionOptions, attempt: Attempt): Promise<SignedIn> {
  const password = await readPassword(options, attempt);
  // Measured from before the request: then the JWT ends later than we think, never earlier.
  const startedAt = options.now();
  let answer: HttpAnswer;
  try {
    answer = await options.http.send({
      method: 'POST',
      url: `${options.url.replace(/\/+$/, '')}/auth/token`,
      json: { username: options.username, password: password.reveal() },
      timeoutMs: SIGN_IN_TIMEOUT_MS,
      signal: new AbortController().signal,
    });
  } catch (error) {
    throw failureOfTransport(attempt, error);
  }
  const jwt = readAnswer(attempt, answer);
  const lifeMs = lifeOf(jwt);
  return { jwt: new Secret(jwt), usableUntil: startedAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 10) };
}

async function readPassword(options: PasswordSessionOptions, attempt: Attempt): Promise<Secret> {
  let password: Secret;
  try {
    password = await options.readPassword();
  } catch (error) {
    if (error instanceof RefreshFailure) throw error;
    throw failure('AirflowUnauthorized', attempt, 'the password could not be read; check its reference');
  }
  if (password.reveal() === '') throw failure('AirflowUnauthorized', attempt, 'the password is empty');
  return password;
}

function readAnswer(attempt: Attempt, answer: HttpAnswer): string {
  const { status, json } = answer;
  if (status === 401 || status === 403) {
    throw failure('AirflowUnauthorized', attempt, 'user name or password is not accepted', status);
  }
  if (status === 404 || status === 405) {
    throw failure('AirflowRequestRejected', attempt, 'no /auth/token there: is this Airflow 3?', status);
  }
  if (status !== 200 && status !== 201) throw failureOfAnswer(attempt, answer);
  const jwt = (json as { access_token?: unknown } | null | undefined)?.access_token;
  // Printable and short, or else it would not do as a header.
  if (typeof jwt !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(jwt)) throw notAirflow(attempt);
  return jwt;
}

/**
 * Milliseconds from issue to end, by the JWT's own two times: so a clock that differs from Airflow's does no harm.
 * Decoded only; to verify it is the business of Airflow.
 */
function lifeOf(jwt: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { exp, iat } = payload as { exp?: unknown; iat?: unknown };
    if (typeof exp === 'number' && typeof iat === 'number' && exp > iat) return (exp - iat) * 1000;
  } catch {
    // Not a JWT that we can read: it is used all the same, and Airflow says when it no longer likes it.
  }
  return ASSUMED_LIFE_MS;
}
