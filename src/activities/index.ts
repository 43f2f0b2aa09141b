// The five activities of a run. Each takes its attempt and one plain object.
import type {
  DockerInput,
  DockerLogin,
  ExtractInput,
  ExtractedToken,
  InspectInput,
  Inspection,
  RefreshPlan,
  UpdateInput,
  UpdateOutcome,
} from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import type { NegativeChecks } from '../verify/registry/port.js';
import { extractToken } from './extract-token.js';
import {
  DOCKER_INPUT,
  EXTRACT_INPUT,
  INSPECT_INPUT,
  parseInput,
  PLAN_INPUT,
  UPDATE_INPUT,
} from './input-schemas.js';
import { inspectConnections } from './inspect-connections.js';
import { planRefresh } from './plan-refresh.js';
import { RecentReads } from './recent-reads.js';
import { RegistryResolver } from './registry-resolver.js';
import type { ConfigSource } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import { testDocker } from './test-docker.js';
import type { TokenSource } from '../ecr/port.js';
import { updateConnections } from './update-connections.js';

export interface RefreshActivities {
  /** @param input a PlanInput; absent for a run without a schedule */
  planRefresh(attempt: Attempt, input?: unknown): Promise<RefreshPlan>;
  inspectConnections(attempt: Attempt, input: InspectInput): Promise<Inspection>;
  extractToken(attempt: Attempt, input: ExtractInput): Promise<ExtractedToken>;
  updateConnections(attempt: Attempt, input: UpdateInput): Promise<UpdateOutcome>;
  testDocker(attempt: Attempt, input: DockerInput): Promise<DockerLogin>;
}

/** Activities are async, so that an invalid input rejects the promise like every other failure. */
export function createActivities(
  source: ConfigSource,
  tokens: TokenSource,
  negativeChecks: NegativeChecks,
): RefreshActivities {
  const shared: Dependencies = {
    source,
    tokens,
    registries: new RegistryResolver(),
    recentReads: new RecentReads(() => performance.now()),
    negativeChecks,
  };
  return {
    planRefresh: async (_attempt, input) =>
      planRefresh(source, input === undefined ? {} : parseInput(PLAN_INPUT, input)),
    inspectConnections: async (attempt, input) =>
      inspectConnections(shared, attempt, parseInput(INSPECT_INPUT, input)),
    extractToken: async (attempt, input) => extractToken(shared, attempt, parseInput(EXTRACT_INPUT, input)),
    updateConnections: async (attempt, input) =>
      updateConnections(shared, attempt, parseInput(UPDATE_INPUT, input)),
    testDocker: async (attempt, input) => testDocker(shared, attempt, parseInput(DOCKER_INPUT, input)),
  };
}
