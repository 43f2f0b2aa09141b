// Variables of the environment about proxies that cannot be used. They stop nothing: only the connections that need
// them fail.
import { findInvalidProxies } from './proxy.js';

export interface NetworkWarning {
  /** The variable. */
  readonly setting: string;
  /** Continues the name of the variable. */
  readonly message: string;
  readonly remedy: string;
}

export function findNetworkWarnings(env: NodeJS.ProcessEnv = process.env): readonly NetworkWarning[] {
  return findInvalidProxies(env).map(({ variable, message, remedy }) => ({
    setting: variable,
    message: `${message}; connections that need it fail`,
    remedy,
  }));
}
