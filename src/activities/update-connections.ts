// Fourth step: writes the token into the connections of one Airflow and registry. Writes the password and nothing
// else, and looks at each connection once more right before, for it may have changed since the inspection.
import { judgeConnection, type StoredConnection } from '../domain/connection.js';
import { RefreshFailure } from '../domain/failures.js';
import type { ConnectionProblem, UpdateInput, UpdateOutcome } from '../domain/steps.js';
import type { Attempt } from './attempt.js';
import { eachConnection, problemOf } from './each-connection.js';
import { missing } from './inspect-connections.js';
import { checkConnections, grantedAirflow, grantedRegion, targetsOf, type Targets } from './targets.js';
import type { GrantedAirflow, TargetsSource } from './targets.js';
import { tokenFacts, type Token, type TokenCache } from './token-cache.js';

interface Write {
  readonly targets: Targets;
  readonly airflow: GrantedAirflow;
  readonly registry: string;
  readonly token: Token;
  readonly signal: AbortSignal;
}

/**
 * @throws RefreshFailure ConfigVersionMismatch, InputNotGranted, RegistryRefusedToken, and whatever AirflowApi and
 *   TokenCache throw
 */
export async function updateConnections(
  source: TargetsSource,
  tokens: TokenCache,
  attempt: Attempt,
  input: UpdateInput,
): Promise<UpdateOutcome> {
  const targets = targetsOf(source, input.configHash);
  const airflow = grantedAirflow(targets, input.airflow);
  checkConnections(airflow, input.connections);
  const { registry } = input;
  const region = grantedRegion(targets, registry);
  const { token, probe } = await tokens.take(attempt.runId, region, registry, attempt.signal);
  if (probe.outcome === 'refused') {
    throw new RefreshFailure('RegistryRefusedToken', `${registry}: ${probe.message}`);
  }
  const write = { targets, airflow, registry, token, signal: attempt.signal };
  const { results, problems } = await eachConnection(input.connections, attempt.number, (id) =>
    updateOne(write, id),
  );
  return {
    refreshed: results.flatMap((result) => (typeof result === 'string' ? [result] : [])),
    failed: [...problems, ...results.filter((result) => typeof result !== 'string')],
    fingerprint: token.fingerprint,
    expiresAt: token.expiresAt.toISOString(),
    token: tokenFacts(token, [probe]),
  };
}

/** Answers the id once its connection holds the token, or why it was left alone. */
async function updateOne(write: Write, id: string): Promise<string | ConnectionProblem> {
  const { airflow, token, signal } = write;
  const before = await airflow.api.readConnection(id, signal);
  if (!before) return missing(id);
  const objection = objectionTo(write, before);
  if (objection) return problemOf(id, objection);
  const after = await airflow.api.writePassword(before, token.password, signal);
  if (!after) return missing(id);
  if (after.id !== id || objectionTo(write, after)) {
    const message = `Connection ${id} was edited by somebody else while it was written.`;
    return problemOf(id, new RefreshFailure('AirflowWriteUnconfirmed', message));
  }
  return id;
}

function objectionTo(write: Write, connection: StoredConnection): RefreshFailure | undefined {
  const judgement = judgeConnection(connection, write.targets.registries);
  const place = `Connection ${connection.id} is not written:`;
  if (!judgement.writable) return new RefreshFailure(judgement.type, `${place} ${judgement.message}.`);
  if (judgement.registry === write.registry) return undefined;
  return new RefreshFailure('ConnectionRegistryChanged', `${place} its host is now ${judgement.registry}.`);
}
