// The token mint of the AWS stand-in, with a life of tokens that a test can change and end.
import {
  createTokenMint,
  type IssuedToken,
  type TokenChecks,
  type TokenMint,
} from '../../../sandbox/aws/token-mint.js';

type TokenRequest = Parameters<TokenMint['mint']>[0];

export interface AdjustableMint extends TokenChecks {
  /** Every token of `issue`, oldest first. */
  issued: IssuedToken[];
  /** A token that nobody asked for; it is not added to `issued`. */
  mint: (token: TokenRequest) => IssuedToken;
  issue: (token: Omit<TokenRequest, 'lifeSeconds'>) => IssuedToken;
  setTokenLife: (seconds: number) => void;
  /** Ends the life of every token so far. */
  expireAll: () => void;
}

export function createAdjustableMint(
  lifeSeconds: number,
  tokenLength: number | undefined,
  now: () => number,
): AdjustableMint {
  const base = createTokenMint(tokenLength, now);
  const all: IssuedToken[] = [];
  const issued: IssuedToken[] = [];
  let life = lifeSeconds;
  const mint: AdjustableMint['mint'] = (request) => {
    const token = base.mint(request);
    all.push(token);
    return token;
  };
  return {
    issued,
    mint,
    issue(request) {
      const token = mint({ ...request, lifeSeconds: life });
      issued.push(token);
      return token;
    },
    check: base.check,
    find: base.find,
    setTokenLife: (seconds) => void (life = seconds),
    expireAll() {
      for (const token of all) token.expiresAt = Math.min(token.expiresAt, now());
    },
  };
}
