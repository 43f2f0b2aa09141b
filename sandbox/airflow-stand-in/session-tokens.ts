// Owns the JWTs of the Airflow stand-in: HS512, with the claims of Airflow's SimpleAuthManager.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What became of a bearer token. */
export type SessionCheck = { user: string } | { refused: 'Token Expired' | 'Invalid JWT token' };

/** Issues and checks session tokens. */
export interface SessionTokens {
  issue: (user: string, role: string) => string;
  check: (token: string) => SessionCheck;
  /** What was issued before is no longer recognised: 403 `Invalid JWT token`, as after a change of jwt_secret. */
  rotateSecret: () => void;
  /** What was issued before has expired: 401 `Token Expired`. */
  expireAll: () => void;
}

/** Airflow's `[api_auth] jwt_leeway`. */
const LEEWAY_SECONDS = 10;

/** Session tokens of the given life. */
export function createSessionTokens(lifeSeconds: number, now: () => number = Date.now): SessionTokens {
  let secret = randomBytes(64);
  const expired = new Set<string>();
  const issued = new Set<string>();
  const sign = (text: string): string => createHmac('sha512', secret).update(text).digest('base64url');
  return {
    issue(user, role) {
      const iat = Math.floor(now() / 1_000);
      const claims = {
        sub: user,
        role,
        teams: [],
        jti: randomBytes(16).toString('hex'),
        aud: 'apache-airflow',
        nbf: iat,
        exp: iat + lifeSeconds,
        iat,
      };
      const text = `${encode({ alg: 'HS512', kid: 'not-used', typ: 'JWT' })}.${encode(claims)}`;
      const token = `${text}.${sign(text)}`;
      issued.add(token);
      return token;
    },
    check(token) {
      const [header = '', claims = '', signature = ''] = token.split('.');
      const expected = Buffer.from(sign(`${header}.${claims}`));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        return { refused: 'Invalid JWT token' };
      }
      const { sub, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
        sub: string;
        exp: number;
      };
      if (expired.has(token) || now() / 1_000 > exp + LEEWAY_SECONDS) return { refused: 'Token Expired' };
      return { user: sub };
    },
    rotateSecret() {
      secret = randomBytes(64);
    },
    expireAll() {
      for (const token of issued) expired.add(token);
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
