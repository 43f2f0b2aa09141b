// Checks whether a store responds, and what a run would do with each of its connections.
import type { AllowedStore } from '../activities/allowed-config.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { withSignal } from '../net/deadline.js';
import type {
  Inspection,
  InspectTarget,
  RefreshSteps,
  WritableConnections,
} from '../refresh/activity-types.js';
import { describeSkipped, type ConnectionRules } from '../refresh/connection-rules.js';
import { walkList, type ListEnd } from '../refresh/list-walk.js';
import { NAMED_PER_INSPECTION } from '../refresh/store-limits.js';
import { toFailureInfo } from '../refresh-once/run-in-process.js';
import { failed, ok, skipped, warning, type Check, type Subject } from './check.js';
import { checkOverrides } from './check-overrides.js';

const VERSION_LIMIT_MS = 15_000;
/** Ends a list that continues beyond its own total. */
const LIST_LIMIT_MS = 60_000;
/** A retry has more time and does more, such as splitting a part of a list. */
export const ONE_PATIENT_ATTEMPT = { attemptsBefore: 1 } as const;

const NO_CONNECTION_LEFT =
  'matches no connection: earlier entries for this Airflow instance match all of them';
const NO_MATCH_REMEDY =
  'Fix the pattern, move the entry up if earlier entries match its connections, or remove it.';

export interface StoreChecks {
  readonly checks: Check[];
  readonly inspections: Inspection[];
  /** False when connections could not be read, so that registries may be missing. */
  readonly isRead: boolean;
}

/** Writes nothing. */
export async function checkStore(
  config: RefreshConfig,
  store: AllowedStore,
  steps: RefreshSteps,
): Promise<StoreChecks> {
  const target = `${store.title} ${store.name}`;
  const login = { id: 'store-login', target } as const;
  const checks: Check[] = [];
  try {
    const found = await withSignal(VERSION_LIMIT_MS, undefined, (signal) => store.connections.check(signal));
    checks.push(ok({ id: 'store', target }, `responds, ${found}`));
  } catch (error) {
    const reason = `the check of ${target} failed`;
    checks.push(failed({ id: 'store', target }, toFailureInfo(error)), skipped(login, reason));
    return { checks: [...checks, ...skipConnections(store, [], reason)], inspections: [], isRead: false };
  }
  const { inspections, failures, end } = await inspectAll(config, store, steps);
  if (inspections.length > 0) checks.push(ok(login, 'login succeeded, connections can be read'));
  checks.push(...failures.map((error) => failed(login, toFailureInfo(error))));
  if (end.failure) checks.push(failed(login, end.failure));
  if (end.warning !== undefined) checks.push(warning({ id: 'connections', target }, end.warning));
  const isRead = failures.length === 0 && !end.failure;
  const read = connectionChecks(store, inspections);
  // Patterns of a list that could not be read match nothing, which says nothing about them.
  const shown = isRead ? read : read.filter(({ id, outcome }) => id !== 'connections' || outcome === 'ok');
  checks.push(...shown);
  if (!isRead) checks.push(...skipConnections(store, shown, `reading the connections of ${target} failed`));
  if (inspections.length > 0) checks.push(...(await checkOverrides(store)));
  return { checks, inspections, isRead };
}

/** Connections and patterns of the configuration that no other check is about. */
function skipConnections({ name, rules }: AllowedStore, shown: readonly Check[], reason: string): Check[] {
  const targets = new Set(shown.map(({ target }) => target));
  return [
    ...rules.named.map((id) => toConnection(id, name)),
    ...rules.patterns.map((pattern) => toPattern(pattern, name)),
  ]
    .filter(({ target }) => !targets.has(target))
    .map((subject) => skipped(subject, reason));
}

function toConnection(id: string, store: string): Subject {
  return { id: 'connection', target: `connection ${id} of ${store}` };
}

function toPattern(pattern: string, store: string): Subject {
  return { id: 'connections', target: `connections "${pattern}" of ${store}` };
}

/** Reads all connections of a store as a run does: a failed part does not stop the others. */
async function inspectAll(
  config: RefreshConfig,
  store: AllowedStore,
  steps: RefreshSteps,
): Promise<{ inspections: Inspection[]; failures: unknown[]; end: ListEnd }> {
  const inspections: Inspection[] = [];
  const failures: unknown[] = [];
  const inspect = async (target: InspectTarget): Promise<Inspection | undefined> => {
    const input = { configHash: config.hash, store: store.name, target, ...ONE_PATIENT_ATTEMPT };
    try {
      const inspection = await steps.inspectConnections(input, ONE_PATIENT_ATTEMPT);
      inspections.push(inspection);
      return inspection;
    } catch (error) {
      failures.push(error);
      return undefined;
    }
  };
  const { named, listPattern } = store.rules;
  for (let offset = 0; offset < named.length; offset += NAMED_PER_INSPECTION) {
    const inspection = await inspect({ named: { offset, limit: NAMED_PER_INSPECTION } });
    // The next parts would fail as well, and a rejected login must not be repeated.
    if (!inspection) break;
  }
  if (listPattern === undefined) {
    return { inspections, failures, end: named.length > 0 ? {} : { warning: NO_CONNECTION_LEFT } };
  }
  const context = { now: () => new Date(), deadlineMs: Date.now() + LIST_LIMIT_MS };
  const end = await walkList(store, context, (listed) => inspect({ listed }));
  return { inspections, failures, end };
}

export function connectionChecks(
  { name: store, title, rules }: Pick<AllowedStore, 'name' | 'title' | 'rules'>,
  inspections: readonly Inspection[],
): Check[] {
  const notMatched = describeSkipped(
    store,
    inspections.flatMap((inspection) => inspection.skipped ?? []),
  );
  const warnings = inspections.flatMap((inspection) => inspection.warnings).concat(notMatched ?? []);
  return [
    ...inspections.flatMap(({ writable }) => writable.flatMap((part) => namedChecks(store, rules, part))),
    ...matchChecks(store, rules, inspections),
    ...inspections.flatMap(({ refused, toRetry, list }) =>
      [...refused, ...toRetry, ...(list?.toRetry ?? [])].map(({ connection, ...problem }) =>
        failed(toConnection(connection, store), problem),
      ),
    ),
    ...warnings.map((message) => warning({ id: 'connections', target: `${title} ${store}` }, message)),
  ];
}

/** One line per connection that the configuration names. */
function namedChecks(
  store: string,
  rules: ConnectionRules,
  { registry, connections, toCreate = [] }: WritableConnections,
): Check[] {
  return connections
    .filter((id) => rules.find(id)?.kind !== 'match')
    .map((id) =>
      ok(
        toConnection(id, store),
        toCreate.includes(id)
          ? `is missing and will be created for registry ${registry}`
          : `is valid, registry ${registry}`,
      ),
    );
}

/** One line per pattern and registry, because a pattern can match thousands of connections. */
function matchChecks(store: string, rules: ConnectionRules, inspections: readonly Inspection[]): Check[] {
  const counts = new Map(rules.patterns.map((pattern) => [pattern, new Map<string, number>()]));
  for (const { registry, connections } of inspections.flatMap(({ writable }) => writable)) {
    for (const id of connections) {
      const rule = rules.find(id);
      if (rule?.kind !== 'match') continue;
      const byRegistry = counts.get(rule.pattern);
      byRegistry?.set(registry, (byRegistry.get(registry) ?? 0) + 1);
    }
  }
  return [...counts].flatMap(([pattern, byRegistry]) =>
    byRegistry.size === 0
      ? [warning(toPattern(pattern, store), 'matches no valid connection', NO_MATCH_REMEDY)]
      : [...byRegistry].map(([registry, count]) =>
          ok(toPattern(pattern, store), `${count} valid, registry ${registry}`),
        ),
  );
}
