// Owns the judgement of a connection by the rule of the configuration that grants it: reads what the rule's registry
// is, where Airflow Variables say that. Refuses to let a registry that is not known stop connections of others.
import { judgeConnection, type StoredConnection } from '../domain/connection.js';
import type { ConnectionRule } from '../domain/connection-rules.js';
import { RefreshFailure, type FailureType } from '../domain/failures.js';
import { registriesOfHost, type NamedRegistry } from '../domain/registries.js';
import { bareHost } from '../domain/registry-host.js';
import type { TokenGroup } from '../domain/token-group.js';
import type { Attempt } from './attempt.js';
import type { Shared, Targets } from './targets.js';

export interface Judge {
  readonly shared: Shared;
  readonly targets: Targets;
  readonly attempt: Attempt;
}

export interface Writable {
  readonly registry: string;
  readonly group: TokenGroup;
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
  const wanted =
    rule.registry === undefined
      ? await findByHost(judge, connection)
      : await findRegistry(judge, rule.registry);
  if (wanted instanceof RefreshFailure) return wanted;
  const judgement = judgeConnection(connection, wanted);
  return judgement.writable ? judgement : notWritten(connection, judgement.type, judgement.message);
}

function notWritten({ id }: StoredConnection, type: FailureType, message: string, remedy?: string) {
  return new RefreshFailure(type, `Connection ${id} is not written: ${message}.`, remedy);
}

/** The one entry of `registries` that the connection's host is of; undefined when its host alone tells. */
async function findByHost(
  judge: Judge,
  connection: StoredConnection,
): Promise<NamedRegistry | RefreshFailure | undefined> {
  const { registries, registriesInFile } = judge.targets;
  const host = connection.host ?? '';
  const [first, ...more] = registriesOfHost(registriesInFile, host);
  if (first && more.length > 0) {
    const names = [first, ...more].map(({ name }) => name).join(' and ');
    const message = `its host is that of registries ${names}, which get their tokens in different ways`;
    const remedy = `Say which in its entry under \`connections\`: \`registry: ${first.name}\`.`;
    return notWritten(connection, 'ConnectionRegistryUnknown', message, remedy);
  }
  if (first) return first;
  // Of an entry whose account or region an Airflow keeps, only a host of its own is known before that is read.
  const settings = registries.find(({ registryHost }) => registryHost === bareHost(host));
  return settings && findRegistry(judge, settings.name);
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
