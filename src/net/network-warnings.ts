// Variables of the environment about proxies and certificates that cannot be used. They stop nothing: only the
// connections that need them fail.
import { findInvalidProxies } from './proxy.js';
import { findTrustWarnings, type TrustWarning } from './trusted-cas.js';

export function findNetworkWarnings(env: NodeJS.ProcessEnv = process.env): readonly TrustWarning[] {
  const proxies = findInvalidProxies(env).map(({ variable, message, remedy }) => ({
    setting: variable,
    message: `${message}; connections that need it fail`,
    remedy,
  }));
  return [...proxies, ...findTrustWarnings(env)];
}
