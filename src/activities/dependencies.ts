import type { TokenSource } from '../ecr/port.js';
import type { NegativeChecks } from '../verify/registry/port.js';
import type { ConfigSource } from './allowed-config.js';
import type { RecentReads } from './recent-reads.js';
import type { RegistryResolver } from './registry-resolver.js';

/** What the activities of a worker share. */
export interface Dependencies {
  readonly source: ConfigSource;
  readonly tokens: TokenSource;
  readonly registries: RegistryResolver;
  readonly recentReads: RecentReads;
  /** Engines, each with a registry, that were seen to reject a wrong password. */
  readonly negativeChecks: NegativeChecks;
}
