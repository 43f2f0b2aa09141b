import type { TokenSource } from '../ecr/port.js';
import type { NegativeChecks } from '../verify/registry/port.js';
import type { ConfigSource } from './allowed-config.js';
import type { RecentReads } from './recent-reads.js';
import type { RegistryResolver } from './registry-resolver.js';

/** Shared by all activities of a worker. */
export interface Dependencies {
  readonly source: ConfigSource;
  readonly tokens: TokenSource;
  readonly registries: RegistryResolver;
  readonly recentReads: RecentReads;
  /** Pairs of engine and registry that have rejected a wrong password. */
  readonly negativeChecks: NegativeChecks;
}
