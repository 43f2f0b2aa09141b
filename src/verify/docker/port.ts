import type { Secret } from '../../log/secret.js';

export interface DockerEngine {
  /** @throws RefreshFailure DockerEngineUnreachable; ConfigInvalid if its certificate files cannot be used */
  readVersion(signal: AbortSignal): Promise<string>;
  /**
   * Logs in to a registry from this engine (`POST /auth`); the engine stores nothing.
   * @throws RefreshFailure DockerEngineUnreachable, DockerLoginFailed, DockerLoginRejected; ConfigInvalid as above
   */
  login(registry: string, password: Secret, signal: AbortSignal): Promise<void>;
}
