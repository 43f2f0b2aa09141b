// Session tokens of the Airflow stand-in that a test can end before their time.
import { createSessionTokens, type SessionTokens } from '../../../sandbox/airflow-stand-in/session-tokens.js';

export interface RevocableSessions extends SessionTokens {
  /** What was issued before is no longer recognised: 403 `Invalid JWT token`, as after a change of jwt_secret. */
  rotateSecret: () => void;
  /** What was issued before has expired: 401 `Token Expired`. */
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
      sessions = createSessionTokens(lifeSeconds); // with a secret of its own
    },
    expireAll() {
      for (const token of issued) expired.add(token);
    },
  };
}
