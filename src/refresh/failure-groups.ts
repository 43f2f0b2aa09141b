// Merges failures of the same stage, registry, store, engine and type, so that 10,000 equal failures are one entry. Two
// engines keep separate messages and remedies.
import { MAX_REPORTED_CONNECTIONS, type FailureReport } from './report.js';
import { MAX_CHARS, toSafeText } from './safe-text.js';

interface Group {
  readonly first: FailureReport;
  readonly connections: string[];
  count: number;
}

export class FailureGroups {
  readonly #groups = new Map<string, Group>();

  add(failure: FailureReport): void {
    const { stage, store, registry, engine, type, scope, count, connections } = failure;
    // A failure without known connections, such as of a list, is not merged with failures of known connections.
    const isKnown = count > 0;
    const key = JSON.stringify([stage, store, registry, engine, type, scope, isKnown]);
    const group = this.#groups.get(key) ?? { first: toSafeMessage(failure), connections: [], count: 0 };
    group.connections.push(...connections.slice(0, MAX_REPORTED_CONNECTIONS - group.connections.length));
    group.count += count;
    this.#groups.set(key, group);
  }

  /** In the order in which they began, with the first 1,000 connections of each. */
  list(): FailureReport[] {
    return [...this.#groups.values()].map(({ first, connections, count }) => ({
      ...first,
      connections: [...connections],
      count,
    }));
  }
}

function toSafeMessage(failure: FailureReport): FailureReport {
  return { ...failure, message: toSafeText(failure.message, MAX_CHARS.message) };
}
