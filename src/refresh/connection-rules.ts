// Selects connections by the entries of `connections`: ids and patterns.
import type { Skipped } from './activity-types.js';

/** One entry of `connections`. */
export type ConnectionRule =
  | {
      readonly kind: 'id';
      readonly id: string;
      /**
       * Name of the entry of `registries` that its host must match; absent: its registry is read from its host. It is a
       * name because the host of an entry may depend on Airflow Variables, which are known only during a run.
       */
      readonly registry?: string;
      readonly ifMissing: 'fail' | 'create';
    }
  | { readonly kind: 'match'; readonly pattern: string; readonly registry?: string };

type PatternRule = Extract<ConnectionRule, { kind: 'match' }>;

/** The entries of one store. The first one that matches a connection wins, as in ssh_config. */
export class ConnectionRules {
  /** Ids that no earlier pattern matches, in the order of the file. */
  readonly named: readonly string[];
  /** Patterns that can select connections from the store's list, in the order of the file. */
  readonly patterns: readonly string[];
  /** Whether an entry takes the registry from the host of the connection. */
  readonly takesHosts: boolean;
  /** The first entry that matches each id of the file. A map, because a run may look up 10,000 ids. */
  readonly #byId = new Map<string, ConnectionRule>();
  readonly #byPattern: PatternRule[] = [];
  readonly #claimed: ReadonlySet<ConnectionRule>;

  /**
   * @param rules in the order of the file
   * @param claimed entries of earlier stores of the same Airflow: what they match belongs to those stores
   */
  constructor(rules: readonly ConnectionRule[], claimed: readonly ConnectionRule[] = []) {
    this.#claimed = new Set(claimed);
    for (const rule of [...claimed, ...rules]) this.#add(rule);
    const own = [...this.#byId].filter(([, rule]) => rule.kind === 'id' && !this.#claimed.has(rule));
    this.named = own.map(([id]) => id);
    const byPattern = this.#byPattern.filter((rule) => !this.#claimed.has(rule));
    this.patterns = byPattern.map(({ pattern }) => pattern);
    this.takesHosts = [...own.map(([, rule]) => rule), ...byPattern].some(takesHost);
  }

  /** The first entry that matches the id; undefined when none does, or when it belongs to an earlier store. */
  find(id: string): ConnectionRule | undefined {
    const first = this.#byId.get(id) ?? this.#findByPattern(id);
    return first && this.#claimed.has(first) ? undefined : first;
  }

  /** The pattern for the store's own list filter: `*` for several patterns; undefined when no list is needed. */
  get listPattern(): string | undefined {
    return this.patterns.length > 1 ? '*' : this.patterns[0];
  }

  #add(rule: ConnectionRule): void {
    if (rule.kind === 'id') {
      if (!this.#byId.has(rule.id)) this.#byId.set(rule.id, this.#findByPattern(rule.id) ?? rule);
    } else if (!this.#byPattern.some(({ pattern }) => covers(pattern, rule.pattern))) {
      this.#byPattern.push(rule);
    }
  }

  #findByPattern(id: string): ConnectionRule | undefined {
    return this.#byPattern.find(({ pattern }) => matches(pattern, id));
  }
}

/** Whether the registry of a connection is that of its own host, and not the one that the entry names. */
export function takesHost({ registry }: ConnectionRule): boolean {
  return registry === undefined;
}

/** An entry that matches connections that an earlier pattern also matches: for these, the pattern wins. */
export interface CoveredRule {
  /** Position of the entry. */
  readonly index: number;
  /** Position of the pattern. */
  readonly by: number;
  /** Whether the entry has no effect at all. Always true for an id; false where it is not certain. */
  readonly isWhole: boolean;
}

/**
 * Returns at most one result for each entry. An id before a pattern that matches it is not reported: this is how one
 * connection gets different options from the rest.
 * @param rules in the order of the file, of all stores of one Airflow
 */
export function findCovered(rules: readonly ConnectionRule[]): CoveredRule[] {
  const patterns: { readonly pattern: string; readonly by: number }[] = [];
  const covered: CoveredRule[] = [];
  for (const [index, rule] of rules.entries()) {
    const text = rule.kind === 'id' ? rule.id : rule.pattern;
    const whole = patterns.find(({ pattern }) => covers(pattern, text));
    const part = rule.kind === 'id' ? undefined : patterns.find(({ pattern }) => overlap(pattern, text));
    const first = whole ?? part;
    if (first) covered.push({ index, by: first.by, isWhole: whole !== undefined });
    if (rule.kind === 'match') patterns.push({ pattern: rule.pattern, by: index });
  }
  return covered;
}

/**
 * Whether a pattern matches a whole id: `*` matches any number of characters, `?` exactly one. The time is at most
 * proportional to the product of both lengths, unlike that of a regular expression with many stars.
 */
export function matches(pattern: string, id: string): boolean {
  return matchesCharacters(toCharacters(pattern), toCharacters(id));
}

/** An array only where characters are surrogate pairs: a run compares 10,000 ids with 100 patterns. */
function toCharacters(text: string): string | readonly string[] {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
}

function matchesCharacters(pattern: string | readonly string[], id: string | readonly string[]): boolean {
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
      // The last star matches one more character, and matching resumes from there.
      at = star + 1;
      resumeAt += 1;
      index = resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Whether some id could match both patterns; an id without special characters is a pattern too. */
export function overlap(patternA: string, patternB: string): boolean {
  const charactersA = toCharacters(patternA);
  const charactersB = toCharacters(patternB);
  const width = charactersB.length + 1;
  const seen = new Uint8Array((charactersA.length + 1) * width);
  const open = [0];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (seen[place]) continue;
    seen[place] = 1;
    const [a, b] = [Math.floor(place / width), place % width];
    const [signA, signB] = [charactersA[a], charactersB[b]];
    if (signA === undefined && signB === undefined) return true;
    // A star may end here, or match whatever the other pattern matches.
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

/**
 * Whether a pattern matches everything that another pattern, or an id, matches. It may return false for a pattern that
 * does where `?` meets `*`: an exact check is expensive.
 */
function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (matches(wide, narrow) && !(wide.includes('?') && narrow.includes('*')));
}

const MAX_NAMED = 5;

/** One warning for a store, however many of its connections were skipped. */
export function describeSkipped(store: string, parts: readonly Skipped[]): string | undefined {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  if (count === 0) return undefined;
  const named = parts.flatMap((part) => part.first).slice(0, MAX_NAMED);
  const which = `${named.join(', ')}${count > named.length ? ', …' : ''}`;
  const why = count === 1 ? 'its host is not a known registry' : 'their hosts are not known registries';
  const connections = count === 1 ? 'connection' : 'connections';
  return (
    `Skipped ${count} docker ${connections} of ${store} matched by a pattern (${which}), because ${why}. ` +
    'Add the registries under `registries`, or use a narrower pattern.'
  );
}

/** Connections that match a pattern but have no known registry; undefined when there are none. */
export function toSkipped(ids: readonly string[]): Skipped | undefined {
  return ids.length === 0 ? undefined : { count: ids.length, first: ids.slice(0, MAX_NAMED) };
}
