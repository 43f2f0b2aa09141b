// Tokens of the AWS stand-in: random passwords in ECR's format, valid until they expire.
import { randomBytes } from 'node:crypto';

/** One issued token. Times are epoch milliseconds. */
export interface IssuedToken {
  /** The password with which Docker logs in as user `AWS`. */
  password: string;
  /** `ecr-public` tokens are valid at public.ecr.aws only. */
  service: 'ecr' | 'ecr-public';
  region: string;
  account: string;
  issuedAt: number;
  expiresAt: number;
  /** The end of the session that it was issued to; undefined for access keys that do not expire. */
  sessionEndsAt?: number | undefined;
}

/** What a registry finds out about a password. */
export type TokenState = 'valid' | 'expired' | 'session-ended' | 'unknown';

/** Token lookups of a registry. */
export interface TokenChecks {
  check: (password: string) => TokenState;
  /** The token behind a password. */
  find: (password: string) => IssuedToken | undefined;
}

/** Issues tokens and stores them. */
export interface TokenMint extends TokenChecks {
  mint: (token: {
    service?: IssuedToken['service'];
    region: string;
    account: string;
    lifeSeconds: number;
    sessionEndsAt?: number | undefined;
  }) => IssuedToken;
}

/** @param tokenLength characters of the password, rounded to a multiple of four. AWS documents no maximum. */
export function createTokenMint(tokenLength = 2_700, now: () => number = Date.now): TokenMint {
  const byPassword = new Map<string, IssuedToken>();
  return {
    mint({ service = 'ecr', region, account, lifeSeconds, sessionEndsAt }) {
      const issuedAt = now();
      const expiresAt = issuedAt + lifeSeconds * 1_000;
      const password = mintPassword(tokenLength, expiresAt);
      const token = { password, service, region, account, issuedAt, expiresAt, sessionEndsAt };
      byPassword.set(password, token);
      return token;
    },
    find: (password) => byPassword.get(password),
    check(password) {
      const token = byPassword.get(password);
      if (token === undefined) return 'unknown';
      return token.expiresAt > now() ? 'valid' : 'expired';
    },
  };
}

/** ECR's passwords are a base64-encoded document like this (undocumented; observed in amazon-ecr-credential-helper). */
function mintPassword(length: number, expiresAt: number): string {
  const bytes = Math.floor(Math.round(length / 4) * 3);
  const frame = (payload: string): string =>
    JSON.stringify({
      payload,
      datakey: randomBytes(66).toString('base64'),
      version: '2',
      type: 'DATA_KEY',
      expiration: Math.floor(expiresAt / 1_000),
    });
  const room = Math.max(32, bytes - frame('').length);
  const payload = randomBytes(room).toString('base64').slice(0, room);
  return Buffer.from(frame(payload), 'utf8').toString('base64');
}
