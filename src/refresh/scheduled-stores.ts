// The stores that a schedule was applied for. They are in the memo of its runs, so that a worker of another deployment
// does not refresh its own stores in a run of this one.

/** Key in the memo. */
export const STORES_MEMO = 'stores';

/** Contains no secret: the configuration refuses URLs with a user name or password. */
export interface ScheduledStore {
  readonly name: string;
  /** A normalized URL, or `mwaa REGION ENVIRONMENT` with an account or profile, if one is configured. The same for two stores that have the same connections. */
  readonly deployment: string;
}

/** `same`: also if only names differ. `disjoint`: another deployment, or a single store that was moved. */
export type StoresMatch = 'same' | 'overlapping' | 'disjoint';

const MAX_STORES = 1000;
const MAX_SHOWN = 3;

/** Undefined when the value is not such a list: a schedule that was edited in Temporal may have lost its memo. */
export function parseScheduledStores(value: unknown): ScheduledStore[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_STORES) return undefined;
  const stores: ScheduledStore[] = [];
  for (const item of value as unknown[]) {
    const { name, deployment } = (item ?? {}) as Partial<Record<keyof ScheduledStore, unknown>>;
    if (!isPlain(name) || !isPlain(deployment)) return undefined;
    stores.push({ name, deployment });
  }
  return stores;
}

export function matchStores(
  scheduled: readonly ScheduledStore[],
  configured: readonly ScheduledStore[],
): StoresMatch {
  const before = new Set(scheduled.map(({ deployment }) => deployment));
  const after = new Set(configured.map(({ deployment }) => deployment));
  const shared = [...after].filter((deployment) => before.has(deployment)).length;
  if (shared === 0) return 'disjoint';
  return shared === before.size && shared === after.size ? 'same' : 'overlapping';
}

/** `main (https://airflow.example.com), second (…)`; of long lists the first three. */
export function describeStores(stores: readonly ScheduledStore[]): string {
  const shown = stores.slice(0, MAX_SHOWN).map(({ name, deployment }) => `${name} (${deployment})`);
  const more = stores.length > MAX_SHOWN ? ` and ${stores.length - MAX_SHOWN} more` : '';
  return `${shown.join(', ')}${more}`;
}

/** What is wrong when the two lists share no store. Without a full stop. */
export function describeTakeover(
  scheduleId: string,
  scheduled: readonly ScheduledStore[],
  configured: readonly ScheduledStore[],
): string {
  return (
    `schedule ${scheduleId} belongs to another deployment: it refreshes ${describeStores(scheduled)}, and the ` +
    `configuration has ${describeStores(configured)}`
  );
}

/** For a run whose configuration has some of the stores of its schedule, and not the same ones. */
export const STORES_EDITED_WARNING =
  'The Airflow instances of the configuration differ from those of the schedule. Run `schedule apply`.';

/** Printable ASCII, as in every URL and name that the configuration accepts. */
function isPlain(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]{1,2048}$/.test(value);
}
