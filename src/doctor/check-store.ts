// Checks of one store: whether it responds, and what a run would do with each of its connections.
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
/** Here a list ends that goes on beyond its own total. */
const LIST_LIMIT_MS = 60_000;
/** With the time of a retry, and what only a retry does, such as splitting a part of a list. */
export const ONE_PATIENT_ATTEMPT = { attemptsBefore: 1 } as const;

const NOTHING_LEFT = 'selects no connection: earlier entries for this Airflow match all of them';
const NONE_REMEDY =
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
    checks.push(ok(label, `answers, ${found}`));
  } catch (error) {
    fail(error);
    return { checks, inspections };
  }
  const { failure, warning: aboutList } = await inspectAll(config, store, steps, inspections, fail);
  if (inspections.length > 0) {
    checks.push(ok(label, 'signed in, and may read connections'));
    checks.push(...connectionChecks(store, inspections));
    checks.push(...(await checkOverrides(store)));
  }
  if (failure) checks.push(failed(label, failure));
  if (aboutList !== undefined) checks.push({ name: label, outcome: 'warning', message: aboutList });
  return { checks, inspections };
}

/**
 * Reads all connections of a store, as a run does: a part that fails stops no other.
 * @param inspections what was read is added to it
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
    // The next ones would fail as well, and a rejected login must not be repeated.
    if (!inspection) break;
  }
  if (listPattern === undefined) return named.length > 0 ? {} : { warning: NOTHING_LEFT };
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
      [...refused, ...toRetry, ...(list?.toRetry ?? [])].map(({ connection, ...facts }) =>
        failed(`connection ${connection} of ${store}`, facts),
      ),
    ),
    ...warnings.map((message): Check => ({ name: label, outcome: 'warning', message })),
  ];
}

/** A line for each connection that the configuration names. */
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
          ? `is missing, and will be made for registry ${registry}`
          : `may be written, registry ${registry}`,
      ),
    );
}

/** A line for each pattern and registry: a pattern may select thousands. None for a pattern without effect. */
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
      ? [warning(label, 'selects no connection that may be written', NONE_REMEDY)]
      : [...counts].map(([registry, count]) => ok(label, `${count} may be written, registry ${registry}`)),
  );
}
