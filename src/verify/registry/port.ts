// What the token cache needs of a registry: whether it accepts a token.
import type { Secret } from '../../log/secret.js';
import type { RegistryProbe } from '../../refresh/activity-types.js';

/** What is checked besides the password itself. */
export interface ProbeOptions {
  /** Whether the registry rejects a wrong password: one that does not proves nothing by accepting the right one. */
  readonly wrongPassword: boolean;
  /** Images whose manifests are requested: repository, and tag or digest. */
  readonly images: readonly string[];
}

/** What the registry responded, and whether it was seen to reject a wrong password. */
export interface ProbeResult {
  readonly probe: RegistryProbe;
  readonly rejectsWrongPassword: boolean;
}

export interface RegistryVerifier {
  /**
   * Logs in to the registry with a password: `GET /v2/`, as its challenge requires. Never throws:
   * no response is the outcome `unreachable`. The password is sent to the registry's own host only.
   */
  probe(host: string, password: Secret, options: ProbeOptions, signal: AbortSignal): Promise<ProbeResult>;
}

/** Who was seen to reject a wrong password within the last day. */
export interface NegativeChecks {
  has(key: string): boolean;
  add(key: string): void;
}
