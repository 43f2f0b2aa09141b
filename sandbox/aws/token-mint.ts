// Owns the authorization tokens that the AWS stand-in issues: their shape, life and validity.
// Refuses to know any wire protocol.
import { randomBytes } from 'node:crypto';

/** One issued token. Times are epoch milliseconds. */
export interface IssuedToken {
  /** What Docker signs in with, as user `AWS`. */
  password: string;
  /** `ecr-public` tokens are valid at public.ecr.aws alone. */
  service: 'ecr' | 'ecr-public';
  region: string;
  account: string;
  issuedAt: number;
  expiresAt: number;
}

/** What a registry thinks of a password. */
export type TokenState = 'valid' | 'expired' | 'unknown';

/** Issues tokens and remembers them. */
export interface TokenMint {
  issued: IssuedToken[];
  /** A new token; with a life of its own when one is given. It is not added to `issued`. */
  mint: (
    service: IssuedToken['service'],
    region: string,
    account: string,
    lifeSeconds?: number,
  ) => IssuedToken;
  /** A new token, added to `issued`. */
  issue: (service: IssuedToken['service'], region: string, account: string) => IssuedToken;
  find: (password: string) => IssuedToken | undefined;
  check: (password: string) => TokenState;
  setTokenLife: (seconds: number) => void;
  expireAll: () => void;
}

/**
 * A mint for tokens of the given life and length.
 * @param tokenLength characters of the password; rounded to a multiple of four
 */
export function createTokenMint(
  tokenLifeSeconds: number,
  tokenLength: number,
  now: () => number = Date.now,
): TokenMint {
  const byPassword = new Map<string, IssuedToken>();
  const issued: IssuedToken[] = [];
  let lifeMs = tokenLifeSeconds * 1_000;
  const find = (password: string): IssuedToken | undefined => byPassword.get(password);
  const mint: TokenMint['mint'] = (service, region, account, lifeSeconds) => {
    const issuedAt = now();
    const expiresAt = issuedAt + (lifeSeconds === undefined ? lifeMs : lifeSeconds * 1_000);
    const password = mintPassword(tokenLength, expiresAt);
    const token = { password, service, region, account, issuedAt, expiresAt };
    byPassword.set(password, token);
    return token;
  };
  return {
    issued,
    find,
    mint,
    issue(service, region, account) {
      const token = mint(service, region, account);
      issued.push(token);
      return token;
    },
    check(password) {
      const token = find(password);
      if (token === undefined) return 'unknown';
      return token.expiresAt > now() ? 'valid' : 'expired';
    },
    setTokenLife(seconds) {
      lifeMs = seconds * 1_000;
    },
    expireAll() {
      for (const token of byPassword.values()) token.expiresAt = Math.min(token.expiresAt, now());
    },
  };
}

/** ECR's own passwords are base64 of such a document (undocumented; facts of amazon-ecr-credential-helper). */
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
