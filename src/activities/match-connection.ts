// Checks a connection against its rule in the configuration and the registry of the rule, whose account and region
// may be in Airflow Variables. An unknown registry does not stop connections of other registries.
import { DeadlineExceeded, withDeadline } from '../net/deadline.js';
import { checkConnection, getAddress, type ConnectionRecord } from '../refresh/check-connection.js';
import type { ConnectionRule } from '../refresh/connection-rules.js';
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { REGISTRY_REMEDIES } from '../refresh/remedies/registry.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
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

/** Failures of one registry only: connections of other registries continue. */
const REGISTRY_FAILURES: readonly FailureType[] = [
  'AirflowVariableMissing',
  'AirflowVariableInvalid',
  'StoreForbidden',
  'StoreRequestRejected',
];

/**
 * Decides whether a connection may receive a token, and of which registry.
 * @throws RefreshFailure of scope registry: what VariableSource throws, if a retry may help
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

function notWritten({ id }: ConnectionRecord, type: FailureType, message: string, remedy?: Remedy) {
  return new RefreshFailure(type, `Connection ${id} was not changed: ${message}.`, remedy);
}

/** The only entry of `registries` for the connection's host; undefined when the host alone identifies the registry. */
async function findByHost(
  context: MatchContext,
  connection: ConnectionRecord,
): Promise<ResolvedRegistry | RefreshFailure | undefined> {
  const { registries, staticRegistries } = context.allowed;
  const address = getAddress(connection);
  const byAddress = findRegistriesByHost(staticRegistries, address);
  // The registry of the host alone makes clear that the port is the problem.
  const host = connection.host ?? '';
  const [first, ...more] = byAddress.length > 0 ? byAddress : findRegistriesByHost(staticRegistries, host);
  if (first && more.length > 0) {
    const names = [first, ...more].map(({ name }) => name).join(' and ');
    const message = `its host matches registries ${names}, which do not share a token`;
    return notWritten(connection, 'ConnectionRegistryUnknown', message, REGISTRY_REMEDIES.chooseRegistry);
  }
  if (first) return first;
  // If account or region is in an Airflow Variable, only a configured host is known before the Variable is read.
  const settings =
    registries.find(({ registryHost }) => registryHost === normalizeHost(address)) ??
    registries.find(({ registryHost }) => registryHost === normalizeHost(host));
  return settings && findRegistry(context, settings.name);
}

/** The registry for which a missing connection must be created; undefined when it must not be created. */
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
