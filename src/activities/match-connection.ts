// The check of a connection by the rule of the configuration that allows it, with the registry that the rule names, which
// Airflow Variables may describe. A registry that is not known does not stop connections of others.
import { DeadlineExceeded, withDeadline } from '../net/deadline.js';
import { checkConnection, type ConnectionRecord } from '../refresh/check-connection.js';
import type { ConnectionRule } from '../refresh/connection-rules.js';
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { findRegistriesByHost, type ResolvedRegistry } from '../refresh/registry-entries.js';
import { normalizeHost } from '../refresh/registry-host.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { Attempt } from '../refresh/attempt.js';
import type { AllowedConfig } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';
import { requestLimitMs, toRequestTimeout } from './call-store.js';

export interface MatchContext {
  readonly shared: Dependencies;
  readonly allowed: AllowedConfig;
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
  'StoreForbidden',
  'StoreRequestRejected',
];

/**
 * Whether and of which registry a connection may receive a token.
 * @throws RefreshFailure of scope registry: what VariableSource throws, where a retry may help
 */
export async function matchConnection(
  context: MatchContext,
  rule: ConnectionRule,
  connection: ConnectionRecord,
): Promise<Writable | RefreshFailure> {
  const wanted =
    rule.registry === undefined
      ? await findByHost(context, connection)
      : await findRegistry(context, rule.registry);
  if (wanted instanceof RefreshFailure) return wanted;
  const check = checkConnection(connection, wanted);
  return check.writable ? check : notWritten(connection, check.type, check.message);
}

function notWritten({ id }: ConnectionRecord, type: FailureType, message: string, remedy?: string) {
  return new RefreshFailure(type, `Connection ${id} is not written: ${message}.`, remedy);
}

/** The one entry of `registries` that the connection's host is of; undefined when its host alone tells. */
async function findByHost(
  context: MatchContext,
  connection: ConnectionRecord,
): Promise<ResolvedRegistry | RefreshFailure | undefined> {
  const { registries, staticRegistries } = context.allowed;
  const host = connection.host ?? '';
  const [first, ...more] = findRegistriesByHost(staticRegistries, host);
  if (first && more.length > 0) {
    const names = [first, ...more].map(({ name }) => name).join(' and ');
    const message = `its host is that of registries ${names}, which get their tokens in different ways`;
    const remedy = `Say which in its entry under \`connections\`: \`registry: ${first.name}\`.`;
    return notWritten(connection, 'ConnectionRegistryUnknown', message, remedy);
  }
  if (first) return first;
  // Of an entry whose account or region an Airflow keeps, only a host of its own is known before that is read.
  const settings = registries.find(({ registryHost }) => registryHost === normalizeHost(host));
  return settings && findRegistry(context, settings.name);
}

/** The registry that a missing connection is to be made for; undefined when it is not to be made. */
export async function registryToCreate(
  context: MatchContext,
  rule: ConnectionRule,
): Promise<ResolvedRegistry | RefreshFailure | undefined> {
  if (rule.kind !== 'id' || rule.ifMissing !== 'create' || rule.registry === undefined) return undefined;
  return findRegistry(context, rule.registry);
}

async function findRegistry(
  context: MatchContext,
  name: string,
): Promise<ResolvedRegistry | RefreshFailure | undefined> {
  const { shared, allowed, attempt } = context;
  const settings = allowed.registries.find((candidate) => candidate.name === name);
  if (!settings) return undefined;
  try {
    return await withDeadline(requestLimitMs(attempt), attempt.signal, (signal) =>
      shared.registries.find(allowed, settings, { ...attempt, signal }),
    );
  } catch (error) {
    const failure =
      error instanceof DeadlineExceeded
        ? toRequestTimeout(`Airflow Variable of registry ${name}`, error)
        : error;
    if (!(failure instanceof RefreshFailure)) throw failure;
    if (REGISTRY_FAILURES.includes(failure.type)) return failure.with({ scope: 'registry' });
    throw failure.with({ scope: 'registry' });
  }
}
