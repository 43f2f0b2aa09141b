// Checks the results of steps that come through Temporal: anyone who can write to the namespace can complete an
// activity with any result. What is not in the result of this version is dropped.
import type {
  ConnectionProblem,
  DockerInput,
  DockerLogin,
  ExtractedToken,
  ExtractInput,
  InspectInput,
  Inspection,
  ListPart,
  PlanInput,
  PlannedStore,
  RefreshPlan,
  Skipped,
  StepName,
  UpdateInput,
  UpdateOutcome,
  WritableConnections,
} from './activity-types.js';
import { isConnectionId } from './connection-id.js';
import { CONFIG_LIMITS } from './config-limits.js';
import { RefreshFailure, restoreFailure } from './failures.js';
import { readFailureType, readFingerprint, readRemedy, readToken } from './read-token.js';
import {
  countTo,
  expect,
  expectSubset,
  expectUnique,
  listOf,
  oneOf,
  optional,
  orNull,
  readFields,
  readFlag,
  readName,
  readText,
  UnexpectedValue,
  type Read,
} from './read-value.js';

const MAX_WARNINGS = 100;
const MAX_SKIPPED_SHOWN = 5;

/** The input of each step. */
export interface StepInputs {
  readonly planRefresh: PlanInput | undefined;
  readonly inspectConnections: InspectInput;
  readonly extractToken: ExtractInput;
  readonly updateConnections: UpdateInput;
  readonly testDocker: DockerInput;
}

/** The result of each step. */
export interface StepResults {
  readonly planRefresh: RefreshPlan;
  readonly inspectConnections: Inspection;
  readonly extractToken: ExtractedToken;
  readonly updateConnections: UpdateOutcome;
  readonly testDocker: DockerLogin;
}

const READERS: {
  readonly [S in StepName]: (value: unknown, input: StepInputs[S]) => StepResults[S];
} = {
  planRefresh: readPlan,
  inspectConnections: readInspection,
  extractToken: readExtracted,
  updateConnections: readOutcome,
  testDocker: readLogin,
};

/**
 * The result of a step, if it has the right shape and is about what the step was asked for.
 * @throws RefreshFailure InputNotAllowed
 */
export function parseStepResult<S extends StepName>(
  step: S,
  value: unknown,
  input: StepInputs[S],
): StepResults[S] {
  try {
    return READERS[step](value, input);
  } catch (error) {
    if (!(error instanceof UnexpectedValue)) throw error;
    throw new RefreshFailure('InputNotAllowed', `${step} completed with an invalid result.`);
  }
}

function readPlan(value: unknown): RefreshPlan {
  const plan = readFields(value);
  const stores = listOf(readStore, CONFIG_LIMITS.stores)(plan['stores']);
  expectUnique(stores.map(({ name }) => name));
  const engines = listOf(readName, CONFIG_LIMITS.engines)(plan['engines']);
  expectUnique(engines);
  return {
    configHash: readName(plan['configHash']),
    stores,
    engines,
    ...optional(plan, 'configProblem', readText),
    ...optional(plan, 'configRemedy', (remedy) => readRemedy('ConfigInvalid', remedy)),
    ...optional(plan, 'warnings', listOf(readText, MAX_WARNINGS)),
    ...optional(plan, 'engineProblem', readText),
    ...optional(plan, 'requiresDocker', readTrue),
  };
}

function readStore(value: unknown): PlannedStore {
  const store = readFields(value);
  return {
    name: readName(store['name']),
    kind: readName(store['kind']),
    title: readName(store['title']),
    named: countTo(CONFIG_LIMITS.connectionsOfStore)(store['named']),
    isListed: readFlag(store['isListed']),
  };
}

/** A step accounts for no more connections than it was asked to read. */
function readInspection(value: unknown, { target }: InspectInput): Inspection {
  const inspection = readFields(value);
  const range = 'named' in target ? target.named : 'listed' in target ? target.listed : undefined;
  const asked = 'connections' in target ? target.connections : undefined;
  const most = range?.limit ?? asked?.length ?? 0;
  const problems = listOf(readProblem, most);
  const writable = listOf(readWritable, most)(inspection['writable']);
  const refused = problems(inspection['refused']);
  const toRetry = problems(inspection['toRetry']);
  const skipped = optional(inspection, 'skipped', readSkipped);
  const list = 'listed' in target ? optional(inspection, 'list', (part) => readPart(part, most)) : {};
  const ids = writable.flatMap(({ connections }) => connections);
  const unfinished = [...refused, ...toRetry].map(({ connection }) => connection);
  const unread = list.list?.toRetry?.length ?? 0;
  expect(ids.length + unfinished.length + unread + (skipped.skipped?.count ?? 0) <= most);
  if (asked) expectSubset([...ids, ...unfinished], asked);
  const warnings = listOf(readText, most)(inspection['warnings']);
  return { writable, refused, toRetry, warnings, ...skipped, ...list };
}

function readWritable(value: unknown): WritableConnections {
  const part = readFields(value);
  const connections = listOf(readId, CONFIG_LIMITS.connectionsOfStore)(part['connections']);
  return {
    registry: readName(part['registry']),
    group: readName(part['group']),
    connections,
    ...optional(part, 'toCreate', (ids) => {
      const toCreate = listOf(readId, connections.length)(ids);
      expectSubset(toCreate, connections);
      return toCreate;
    }),
  };
}

function readSkipped(value: unknown): Skipped {
  const skipped = readFields(value);
  return {
    count: countTo(CONFIG_LIMITS.connectionsOfStore)(skipped['count']),
    first: listOf(readText, MAX_SKIPPED_SHOWN)(skipped['first']),
  };
}

function readPart(value: unknown, most: number): ListPart {
  const part = readFields(value);
  return {
    rows: countTo(most)(part['rows']),
    // Whatever Airflow has returned.
    total: countTo(Number.MAX_SAFE_INTEGER)(part['total']),
    isComplete: readFlag(part['isComplete']),
    ...optional(part, 'first', readText),
    ...optional(part, 'isSplit', readTrue),
    ...optional(part, 'toRetry', listOf(readProblem, most)),
  };
}

function readExtracted(value: unknown, { group, registries }: ExtractInput): ExtractedToken {
  const extracted = readFields(value);
  const toRetry = listOf(readName, registries.length)(extracted['toRetry']);
  expectSubset(toRetry, registries);
  return { token: readToken(extracted['token'], group, registries), toRetry };
}

/** Each connection of the input is in exactly one list, so that none counts as refreshed without being written. */
function readOutcome(value: unknown, { connections, group, registry }: UpdateInput): UpdateOutcome {
  const outcome = readFields(value);
  const most = connections.length;
  const written = listOf(readId, most)(outcome['written']);
  const refused = listOf(readProblem, most)(outcome['refused']);
  const toRetry = listOf(readProblem, most)(outcome['toRetry']);
  const all = [...written, ...[...refused, ...toRetry].map(({ connection }) => connection)];
  expectUnique(all);
  expectSubset(all, connections);
  expect(all.length === most);
  return { written, refused, toRetry, token: readToken(outcome['token'], group, [registry]) };
}

function readLogin(value: unknown, { engine, registry }: DockerInput): DockerLogin {
  const result = readFields(value);
  expect(result['engine'] === engine && result['registry'] === registry);
  return {
    engine,
    registry,
    version: orNull(readText)(result['version']),
    login: oneOf(LOGINS)(result['login']),
    fingerprint: orNull(readFingerprint)(result['fingerprint']),
    ...optional(result, 'reason', readText),
    ...optional(result, 'isDefault', readTrue),
  };
}

const LOGINS = ['ok', 'inconclusive', 'none'] as const;

function readProblem(value: unknown): ConnectionProblem {
  const { connection, type, message, scope, remedy } = readFields(value);
  return restoreFailure({
    connection: readText(connection),
    type: readFailureType(type),
    message: readText(message),
    scope,
    remedy,
  });
}

function readId(value: unknown): string {
  expect(typeof value === 'string' && isConnectionId(value));
  return value;
}

const readTrue: Read<true> = (value) => {
  expect(value === true);
  return true;
};
