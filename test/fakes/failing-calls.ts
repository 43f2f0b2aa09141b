// Calls for connections, recorded, that fail for some of them, and how tests compare their failures.
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { ConnectionProblem } from '../../src/refresh/activity-types.js';

/** `id_00`, `id_01` and so on. */
export function toIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `id_${String(index).padStart(2, '0')}`);
}

export function fail(type: FailureType, scope?: 'registry'): never {
  throw new RefreshFailure(type, `failed with ${type}`, undefined, scope ? { scope } : {});
}

/** A call that fails as a request does. */
export function throws(type: FailureType): () => never {
  return () => {
    throw new RefreshFailure(type, `HTTP trouble: ${type}`);
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

  /** A call that returns its id, unless `failsFor` throws for it; that receives the number of the try for the id, from 1. */
  callThat(failsFor: (id: string, tries: number) => void | Promise<void>) {
    const tries = new Map<string, number>();
    return async (id: string): Promise<string> => {
      this.called.push(id);
      tries.set(id, (tries.get(id) ?? 0) + 1);
      await failsFor(id, tries.get(id) ?? 0);
      return id;
    };
  }
}
