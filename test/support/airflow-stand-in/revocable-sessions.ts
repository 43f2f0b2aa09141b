// Session tokens of the Airflow stand-in that a test can revoke before they expire.
import { createSessionTokens, type SessionTokens } from '../../../sandbox/airflow-stand-in/session-tokens.js';

export interface RevocableSessions extends SessionTokens {
  /** Invalidates all issued tokens: 403 `Invalid JWT token`, as after a change of jwt_secret. */
  rotateSecret: () => void;
  /** Expires all issued tokens: 401 `Token Expired`. */
  expireAll: () => void;
}

export function createRevocableSessions(lifeSeconds: number): RevocableSessions {
  let sessions = createSessionTokens(lifeSeconds);
  const issued = new Set<string>();
  const expired = new Set<string>();
  return {
    issue(user, role) {
      const token = sessions.issue(user, role);
      issued.add(token);
      return token;
    },
    check(token) {
      const checked = sessions.check(token);
      return 'user' in checked && expired.has(token) ? { refused: 'Token Expired' } : checked;
    },
    rotateSecret() {
      sessions = createSessionTokens(lifeSeconds); // with a new secret
    },
    expireAll() {
      for (const token of issued) expired.add(token);
    },
  };
}
