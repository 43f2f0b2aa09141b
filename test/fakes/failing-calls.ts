// Recorded calls that fail for some connections, and helpers to compare their failures.
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { ConnectionProblem } from '../../src/refresh/activity-types.js';

/** `id_00`, `id_01` and so on. */
export function toIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `id_${String(index).padStart(2, '0')}`);
}

export function fail(type: FailureType, scope?: 'registry'): never {
  throw new RefreshFailure(type, `failed with ${type}`, undefined, scope ? { scope } : {});
}

/** A call that fails like an HTTP request. */
export function throws(type: FailureType): () => never {
  return () => {
    throw new RefreshFailure(type, `HTTP error: ${type}`);
  };
}

export function hang(): Promise<never> {
  return new Promise(() => undefined);
}

/** The connections and the types of their failures. */
export function typesOf(problems: readonly ConnectionProblem[]): (readonly [string, FailureType])[] {
  return problems.map(({ connection, type }) => [connection, type]);
}

export class RecordedCalls {
  readonly called: string[] = [];

  /**
   * A call that returns its id unless `failsFor` throws. `failsFor` gets the number of the attempt for this id, from 1.
   */
  callThat(failsFor: (id: string, attempts: number) => void | Promise<void>) {
    const attempts = new Map<string, number>();
    return async (id: string): Promise<string> => {
      this.called.push(id);
      attempts.set(id, (attempts.get(id) ?? 0) + 1);
      await failsFor(id, attempts.get(id) ?? 0);
      return id;
    };
  }
}
