// The five activities of a run, over the ports they need. Each takes its attempt first and one plain object.
import type {
  DockerInput,
  DockerSignIn,
  ExtractInput,
  InspectInput,
  Inspection,
  RefreshPlan,
  TokenFacts,
  UpdateInput,
  UpdateOutcome,
} from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import type { DailyProofs } from './daily-proofs.js';
import { extractToken } from './extract-token.js';
import { checkInput } from './granted-input.js';
import { inspectConnections } from './inspect-connections.js';
import { planRefresh } from './plan-refresh.js';
import { RunRegistries } from './run-registries.js';
import type { Shared, TargetsSource } from './targets.js';
import { testDocker } from './test-docker.js';
import type { TokenCache } from './token-cache.js';
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
  extractToken(attempt: Attempt, input: ExtractInput): Promise<TokenFacts>;
  updateConnections(attempt: Attempt, input: UpdateInput): Promise<UpdateOutcome>;
  testDocker(attempt: Attempt, input: DockerInput): Promise<DockerSignIn>;
}

/** Activities are async, so that a refused input is a rejection like every other failure. */
export function createActivities(
  source: TargetsSource,
  tokens: TokenCache,
  proofs: DailyProofs,
): RefreshActivities {
  const shared: Shared = { source, tokens, registries: new RunRegistries(), proofs };
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
