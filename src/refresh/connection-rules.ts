// Owns the rules by which the configuration picks connections of an Airflow, and the grammar of their patterns.
// Refuses every special character but * and ?.
import type { PlannedStore, Skipped } from './activity-types.js';

/** One entry of `connections`. */
export type ConnectionRule =
  | {
      readonly kind: 'id';
      readonly id: string;
      /**
       * Name of the entry of `registries` that it must be of; absent: its registry is read from its host. A name, and
       * not a host, since the host of an entry may depend on Airflow Variables and be known in a run alone.
       */
      readonly registry?: string;
      readonly ifMissing: 'fail' | 'create';
    }
  | { readonly kind: 'match'; readonly pattern: string; readonly registry?: string };

/** How many connections the rules name by id, and whether patterns pick others from the store's list. */
export function countRules(rules: readonly ConnectionRule[]): Pick<PlannedStore, 'named' | 'isListed'> {
  const named = rules.filter((rule) => rule.kind === 'id').length;
  return { named, isListed: named < rules.length };
}

/** The rule that grants a connection: the one that names its id before one that it matches. */
export function findRule(rules: readonly ConnectionRule[], id: string): ConnectionRule | undefined {
  return (
    rules.find((rule) => rule.kind === 'id' && rule.id === id) ??
    rules.find((rule) => rule.kind === 'match' && matches(rule.pattern, id))
  );
}

/**
 * Airflow's own grammar of connection ids, but for slashes, and for `.` and `..`, with which a URL would lead
 * elsewhere; Airflow allows up to 250 characters.
 */
export const CONNECTION_ID = /^(?!\.{1,2}$)[\w.-]+$/;
export const MAX_CONNECTION_ID_CHARS = 200;

/** What the configuration takes for an id, and requests to Airflow may hold: its list may show older ones. */
export function isConnectionId(text: string): boolean {
  return text.length <= MAX_CONNECTION_ID_CHARS && CONNECTION_ID.test(text);
}

/**
 * Whether a pattern matches a whole id: `*` stands for any characters or none, `?` for one. Never slower than the
 * product of both lengths, whatever the pattern, unlike a regular expression with many stars.
 */
export function matches(pattern: string, id: string): boolean {
  let at = 0;
  let star = -1;
  let resumeAt = 0;
  for (let index = 0; index < id.length;) {
    const sign = pattern[at];
    if (sign === '*') {
      star = at;
      resumeAt = index;
      at += 1;
    } else if (sign === '?' || sign === id[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      // The last star takes one character more, and the rest is tried again from there.
      at = star + 1;
      resumeAt += 1;
      index = resumeAt;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}

/** Whether some id could match both patterns; an id without special characters is a pattern too. */
export function overlap(patternA: string, patternB: string): boolean {
  const width = patternB.length + 1;
  const seen = new Set<number>();
  const open = [0];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const [a, b] = [Math.floor(place / width), place % width];
    const [signA, signB] = [patternA[a], patternB[b]];
    if (signA === undefined && signB === undefined) return true;
    // A star may end here, or take whatever the other pattern takes.
    if (signA === '*') open.push(place + width);
    if (signB === '*') open.push(place + 1);
    if (signA === undefined || signB === undefined) continue;
    if (signA === '*' && signB !== '*') open.push(place + 1);
    if (signB === '*' && signA !== '*') open.push(place + width);
    if (signA !== '*' && signB !== '*' && (signA === '?' || signB === '?' || signA === signB)) {
      open.push(place + width + 1);
    }
  }
  return false;
}

const MAX_NAMED = 5;

/** One warning for a store, however many of its connections a wide pattern takes in. */
export function describeSkipped(store: string, parts: readonly Skipped[]): string | undefined {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  if (count === 0) return undefined;
  const named = parts.flatMap((part) => part.first).slice(0, MAX_NAMED);
  const which = `${named.join(', ')}${count > named.length ? ', …' : ''}`;
  return count === 1
    ? `One docker connection of ${store} matches a pattern and was passed over, its host being no known registry: ${which}.`
    : `${count} docker connections of ${store} match a pattern and were passed over, their hosts being no known registries: ${which}.`;
}

/** Those that a pattern took in and that are of no registry; undefined when there are none. */
export function toSkipped(ids: readonly string[]): Skipped | undefined {
  return ids.length === 0 ? undefined : { count: ids.length, first: ids.slice(0, MAX_NAMED) };
}
