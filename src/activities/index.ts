// The five activities of a run, over the ports they need. Each takes its attempt first and one plain object.
import type {
  DockerInput,
  DockerLogin,
  ExtractInput,
  InspectInput,
  Inspection,
  RefreshPlan,
  TokenInfo,
  UpdateInput,
  UpdateOutcome,
} from '../refresh/activity-types.js';
import type { Attempt } from './attempt.js';
import type { NegativeCheckCache } from '../verify/registry/negative-check-cache.js';
import { extractToken } from './extract-token.js';
import { checkInput } from './input-schemas.js';
import { inspectConnections } from './inspect-connections.js';
import { planRefresh } from './plan-refresh.js';
import { RegistryResolver } from './registry-resolver.js';
import type { Dependencies, ConfigSource } from './allowed-config.js';
import { testDocker } from './test-docker.js';
import type { TokenCache } from '../ecr/token-cache.js';
import { updateConnections } from './update-connections.js';

const INSPECT_INPUT = { configHash: 'name', airflow: 'name', page: 'page' } as const;
const EXTRACT_INPUT = { configHash: 'name', group: 'name', registries: 'names' } as const;
const UPDATE_INPUT = {
  configHash: 'name',
  airflow: 'name',
  registry: 'name',
  group: 'name?',
  connections: 'names',
} as const;
const DOCKER_INPUT = { configHash: 'name', engine: 'name', registry: 'name', group: 'name?' } as const;

export interface RefreshActivities {
  planRefresh(attempt: Attempt): Promise<RefreshPlan>;
  inspectConnections(attempt: Attempt, input: InspectInput): Promise<Inspection>;
  extractToken(attempt: Attempt, input: ExtractInput): Promise<TokenInfo>;
  updateConnections(attempt: Attempt, input: UpdateInput): Promise<UpdateOutcome>;
  testDocker(attempt: Attempt, input: DockerInput): Promise<DockerLogin>;
}

/** Activities are async, so that a refused input is a rejection like every other failure. */
export function createActivities(
  source: ConfigSource,
  tokens: TokenCache,
  proofs: NegativeCheckCache,
): RefreshActivities {
  const shared: Dependencies = { source, tokens, registries: new RegistryResolver(), proofs };
  return {
    planRefresh: () => planRefresh(source),
    inspectConnections: async (attempt, input) =>
      inspectConnections(shared, attempt, checkInput(input, INSPECT_INPUT)),
    extractToken: async (attempt, input) => extractToken(shared, attempt, checkInput(input, EXTRACT_INPUT)),
    updateConnections: async (attempt, input) =>
      updateConnections(shared, attempt, checkInput(input, UPDATE_INPUT)),
    testDocker: async (attempt, input) => testDocker(shared, attempt, checkInput(input, DOCKER_INPUT)),
  };
}
