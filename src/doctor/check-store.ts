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
import { NAMED_PER_INSPECTION } from '../refresh/store-run.js';
import { toFailureInfo } from '../refresh-once/run-in-process.js';
import { failed, ok, warning, type Check } from './check.js';
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

/** Writes nothing. */
export async function checkStore(
  config: RefreshConfig,
  store: AllowedStore,
  steps: RefreshSteps,
): Promise<{ checks: Check[]; inspections: Inspection[] }> {
  const label = `${store.title} ${store.name}`;
  const checks: Check[] = [];
  const inspections: Inspection[] = [];
  const fail = (error: unknown): void => void checks.push(failed(label, toFailureInfo(error)));
  try {
    const found = await withSignal(VERSION_LIMIT_MS, undefined, (signal) => store.connections.check(signal));
    checks.push(ok(label, `responds, ${found}`));
  } catch (error) {
    fail(error);
    return { checks, inspections };
  }
  const { failure, warning: aboutList } = await inspectAll(config, store, steps, inspections, fail);
  if (inspections.length > 0) {
    checks.push(ok(label, 'login succeeded, connections can be read'));
    checks.push(...connectionChecks(store, inspections));
    checks.push(...(await checkOverrides(store)));
  }
  if (failure) checks.push(failed(label, failure));
  if (aboutList !== undefined) checks.push({ name: label, outcome: 'warning', message: aboutList });
  return { checks, inspections };
}

/**
 * Reads all connections of a store as a run does: a failed part does not stop the others.
 * @param inspections receives the results
 */
async function inspectAll(
  config: RefreshConfig,
  store: AllowedStore,
  steps: RefreshSteps,
  inspections: Inspection[],
  fail: (error: unknown) => void,
): Promise<ListEnd> {
  const inspect = async (target: InspectTarget): Promise<Inspection | undefined> => {
    const input = { configHash: config.hash, store: store.name, target, ...ONE_PATIENT_ATTEMPT };
    try {
      const inspection = await steps.inspectConnections(input, ONE_PATIENT_ATTEMPT);
      inspections.push(inspection);
      return inspection;
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
  const { named, listPattern } = store.rules;
  for (let offset = 0; offset < named.length; offset += NAMED_PER_INSPECTION) {
    const inspection = await inspect({ named: { offset, limit: NAMED_PER_INSPECTION } });
    // The next parts would fail as well, and a rejected login must not be repeated.
    if (!inspection) break;
  }
  if (listPattern === undefined) return named.length > 0 ? {} : { warning: NO_CONNECTION_LEFT };
  const context = { now: () => new Date(), deadlineMs: Date.now() + LIST_LIMIT_MS };
  return walkList(store, context, (listed) => inspect({ listed }));
}

export function connectionChecks(
  { name: store, title, rules }: Pick<AllowedStore, 'name' | 'title' | 'rules'>,
  inspections: readonly Inspection[],
): Check[] {
  const label = `${title} ${store}`;
  const skipped = describeSkipped(
    store,
    inspections.flatMap((inspection) => inspection.skipped ?? []),
  );
  const warnings = inspections.flatMap((inspection) => inspection.warnings).concat(skipped ?? []);
  return [
    ...inspections.flatMap(({ writable }) => writable.flatMap((part) => namedChecks(store, rules, part))),
    ...matchChecks(store, rules, inspections),
    ...inspections.flatMap(({ refused, toRetry, list }) =>
      [...refused, ...toRetry, ...(list?.toRetry ?? [])].map(({ connection, ...problem }) =>
        failed(`connection ${connection} of ${store}`, problem),
      ),
    ),
    ...warnings.map((message): Check => ({ name: label, outcome: 'warning', message })),
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
        `connection ${id} of ${store}`,
        toCreate.includes(id)
          ? `is missing and will be created for registry ${registry}`
          : `can be written, registry ${registry}`,
      ),
    );
}

/** One line per pattern and registry, because a pattern can match thousands of connections. */
function matchChecks(store: string, rules: ConnectionRules, inspections: readonly Inspection[]): Check[] {
  const parts = inspections.flatMap(({ writable }) => writable);
  const toLabel = (pattern: string): string => `connections "${pattern}" of ${store}`;
  const lines = new Map(rules.patterns.map((pattern) => [toLabel(pattern), new Map<string, number>()]));
  for (const { registry, connections } of parts) {
    for (const id of connections) {
      const rule = rules.find(id);
      if (rule?.kind !== 'match') continue;
      const counts = lines.get(toLabel(rule.pattern));
      counts?.set(registry, (counts.get(registry) ?? 0) + 1);
    }
  }
  return [...lines].flatMap(([label, counts]) =>
    counts.size === 0
      ? [warning(label, 'matches no connection that can be written', NO_MATCH_REMEDY)]
      : [...counts].map(([registry, count]) => ok(label, `${count} can be written, registry ${registry}`)),
  );
}
