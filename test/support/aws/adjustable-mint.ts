// The token mint of the AWS stand-in for tests, which can change the lifetime of tokens and expire them.
import {
  createTokenMint,
  type IssuedToken,
  type TokenChecks,
  type TokenMint,
  type TokenState,
} from '../../../sandbox/aws/token-mint.js';

type TokenRequest = Parameters<TokenMint['mint']>[0];

export interface AdjustableMint extends TokenChecks {
  /** Every token from `issue`, oldest first. */
  issued: IssuedToken[];
  /** Creates a token that is not added to `issued`. */
  mint: (token: TokenRequest) => IssuedToken;
  issue: (token: Omit<TokenRequest, 'lifeSeconds'>) => IssuedToken;
  setTokenLife: (seconds: number) => void;
  /** Whether a token ends with the session that it was issued to; by default it outlives the session. */
  endWithSession: (ends: boolean) => void;
  /** Expires every existing token. */
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
  let endsWithSession = false;
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
    check(password): TokenState {
      const { sessionEndsAt = Infinity } = base.find(password) ?? {};
      return endsWithSession && sessionEndsAt <= now() ? 'session-ended' : base.check(password);
    },
    find: base.find,
    endWithSession: (ends) => void (endsWithSession = ends),
    setTokenLife: (seconds) => void (life = seconds),
    expireAll() {
      for (const token of all) token.expiresAt = Math.min(token.expiresAt, now());
    },
  };
}
