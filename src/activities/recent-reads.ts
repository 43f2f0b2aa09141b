// Connections that this worker has read within the last seconds: an update writes them without reading them again.
// Activity inputs do not carry them: a forged one would cause a write to a connection that was never checked.
import type { ConnectionRecord } from '../refresh/check-connection.js';
import type { AllowedStore } from './allowed-config.js';

/** A connection is written at most this long after it was read. */
const LIFE_MS = 30_000;
/** Per store; far more than are inspected ahead of their updates. */
const MOST = 5_000;

interface Read {
  readonly record: ConnectionRecord;
  readonly atMs: number;
}

export class RecentReads {
  readonly #nowMs: () => number;
  readonly #byStore = new WeakMap<AllowedStore, Map<string, Read>>();

  /** @param nowMs a monotonic clock, in milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @param checked a connection that may be written, with all fields checked */
  add(store: AllowedStore, checked: ConnectionRecord): void {
    // Long fields are not needed after the check.
    const record = { ...checked, extra: null, schema: null, description: null };
    const reads = this.#byStore.get(store) ?? new Map<string, Read>();
    this.#byStore.set(store, reads);
    // Makes it the last in the order of insertion.
    reads.delete(record.id);
    reads.set(record.id, { record, atMs: this.#nowMs() });
    for (const [id, { atMs }] of reads) {
      if (reads.size <= MOST && this.#nowMs() - atMs <= LIFE_MS) break;
      reads.delete(id);
    }
  }

  /** Removes and returns a connection that was read recently. */
  take(store: AllowedStore, id: string): ConnectionRecord | undefined {
    const reads = this.#byStore.get(store);
    const read = reads?.get(id);
    reads?.delete(id);
    return read && this.#nowMs() - read.atMs <= LIFE_MS ? read.record : undefined;
  }
}
