// JWTs of the Airflow stand-in: HS512, with the claims of Airflow's SimpleAuthManager.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The result of checking a bearer token. */
export type SessionCheck = { user: string } | { refused: 'Token Expired' | 'Invalid JWT token' };

/** Issues and checks session tokens. */
export interface SessionTokens {
  issue: (user: string, role: string) => string;
  check: (token: string) => SessionCheck;
}

/** Airflow's `[api_auth] jwt_leeway`. */
const LEEWAY_SECONDS = 10;

/** Creates session tokens with the given lifetime. */
export function createSessionTokens(lifeSeconds: number): SessionTokens {
  const secret = randomBytes(64);
  const sign = (text: string): string => createHmac('sha512', secret).update(text).digest('base64url');
  return {
    issue(user, role) {
      const iat = Math.floor(Date.now() / 1_000);
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
      return `${text}.${sign(text)}`;
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
      if (Date.now() / 1_000 > exp + LEEWAY_SECONDS) return { refused: 'Token Expired' };
      return { user: sub };
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
