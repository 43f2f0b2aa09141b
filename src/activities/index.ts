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
import { extractToken } from './extract-token.js';
import { inspectConnections } from './inspect-connections.js';
import { planRefresh } from './plan-refresh.js';
import type { TargetsSource } from './targets.js';
import { testDocker } from './test-docker.js';
import type { TokenCache } from './token-cache.js';
import { updateConnections } from './update-connections.js';

export interface RefreshActivities {
  planRefresh(attempt: Attempt): Promise<RefreshPlan>;
  inspectConnections(attempt: Attempt, input: InspectInput): Promise<Inspection>;
  extractToken(attempt: Attempt, input: ExtractInput): Promise<TokenFacts>;
  updateConnections(attempt: Attempt, input: UpdateInput): Promise<UpdateOutcome>;
  testDocker(attempt: Attempt, input: DockerInput): Promise<DockerSignIn>;
}

export function createActivities(source: TargetsSource, tokens: TokenCache): RefreshActivities {
  return {
    planRefresh: () => planRefresh(source),
    inspectConnections: (attempt, input) => inspectConnections(source, attempt, input),
    extractToken: (attempt, input) => extractToken(source, tokens, attempt, input),
    updateConnections: (attempt, input) => updateConnections(source, tokens, attempt, input),
    testDocker: (attempt, input) => testDocker(source, tokens, attempt, input),
  };
}
