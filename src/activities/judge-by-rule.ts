// Owns the judgement of a connection by the rule of the configuration that grants it: reads what the rule's registry
// is, where Airflow Variables say that. Refuses to let a registry that is not known stop connections of others.
import { judgeConnection, type NamedRegistry, type StoredConnection } from '../domain/connection.js';
import type { ConnectionRule } from '../domain/connection-rules.js';
import { RefreshFailure, type FailureType } from '../domain/failures.js';
import { bareHost } from '../domain/registry-host.js';
import type { Attempt } from './attempt.js';
import type { Shared, Targets } from './targets.js';

export interface Judge {
  readonly shared: Shared;
  readonly targets: Targets;
  readonly attempt: Attempt;
}

export interface Writable {
  readonly registry: string;
  readonly region: string;
  readonly warning?: string;
}

/** Failures of the one registry alone: connections of others go on. */
const REGISTRY_FAILURES: readonly FailureType[] = [
  'AirflowVariableMissing',
  'AirflowVariableInvalid',
  'AirflowForbidden',
  'AirflowRequestRejected',
];

/**
 * Whether and of which registry a connection may receive a token.
 * @throws RefreshFailure what AirflowApi throws for a Variable, where that may pass
 */
export async function judgeByRule(
  judge: Judge,
  rule: ConnectionRule,
  connection: StoredConnection,
): Promise<Writable | RefreshFailure> {
  const settings = judge.targets.registries.find(({ name, registryHost }) =>
    rule.registry === undefined ? registryHost === bareHost(connection.host ?? '') : name === rule.registry,
  );
  const named = settings && (await findRegistry(judge, settings.name));
  if (named instanceof RefreshFailure) return named;
  const judgement = judgeConnection(
    connection,
    named ? [named] : [],
    rule.registry === undefined ? undefined : named,
  );
  if (judgement.writable) return judgement;
  return new RefreshFailure(
    judgement.type,
    `Connection ${connection.id} is not written: ${judgement.message}.`,
  );
}

/** The registry that a missing connection is to be made for; undefined when it is not to be made. */
export async function registryToCreate(
  judge: Judge,
  rule: ConnectionRule,
): Promise<NamedRegistry | RefreshFailure | undefined> {
  if (rule.kind !== 'id' || rule.ifMissing !== 'create' || rule.registry === undefined) return undefined;
  return findRegistry(judge, rule.registry);
}

async function findRegistry(judge: Judge, name: string): Promise<NamedRegistry | RefreshFailure | undefined> {
  const { shared, targets, attempt } = judge;
  const settings = targets.registries.find((candidate) => candidate.name === name);
  if (!settings) return undefined;
  try {
    return await shared.registries.find(targets, settings, attempt);
  } catch (error) {
    if (error instanceof RefreshFailure && REGISTRY_FAILURES.includes(error.type)) return error;
    throw error;
  }
}
