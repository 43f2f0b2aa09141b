// A second kind of store, for tests: a folder, an entry where kinds are listed, and its settings. Nothing else of the
// product knows of it.
import type { StoreKind } from '../../../src/app.js';
import type { Secret } from '../../../src/log/secret.js';
import type { ConnectionRecord } from '../../../src/refresh/check-connection.js';
import { RefreshFailure } from '../../../src/refresh/failures.js';
import { matches } from '../../../src/refresh/connection-rules.js';
import type {
  ConnectionPage,
  ConnectionStore,
  ListRange,
  NewConnection,
  WriteResult,
} from '../../../src/stores/port.js';

/** What the section of its schema would resolve to. */
export interface MemoryStoreSettings {
  readonly records: Map<string, ConnectionRecord>;
  readonly passwords: Map<string, string>;
  /** As a service that does not respond. */
  readonly isDown?: boolean;
}

const MAX_ROWS = 100;

class MemoryStore implements ConnectionStore {
  readonly #name: string;
  readonly #settings: MemoryStoreSettings;

  constructor(name: string, settings: MemoryStoreSettings) {
    this.#name = name;
    this.#settings = settings;
  }

  async read(id: string): Promise<ConnectionRecord | undefined> {
    return this.#records().get(id);
  }

  async readPage({ pattern, offset, limit }: ListRange): Promise<ConnectionPage> {
    const found = [...this.#records().values()]
      .filter(({ id }) => matches(pattern, id))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const connections = found.slice(offset, offset + Math.min(limit, MAX_ROWS));
    return { connections, malformed: [], total: found.length, isComplete: true };
  }

  async write(records: readonly ConnectionRecord[], password: Secret): Promise<readonly WriteResult[]> {
    const stored = this.#records();
    return records.map(({ id }) => {
      const record = stored.get(id);
      if (!record) return { id, outcome: 'missing' };
      this.#settings.passwords.set(id, password.reveal());
      return { id, outcome: 'written', record };
    });
  }

  async create({ id, host, description }: NewConnection, password: Secret): Promise<'created' | 'exists'> {
    if (this.#records().has(id)) return 'exists';
    const empty = { port: null, schema: null, extra: null };
    this.#records().set(id, { id, type: 'docker', host, login: 'AWS', description, ...empty });
    this.#settings.passwords.set(id, password.reveal());
    return 'created';
  }

  async check(): Promise<string> {
    return `${this.#records().size} connections`;
  }

  #records(): Map<string, ConnectionRecord> {
    if (!this.#settings.isDown) return this.#settings.records;
    throw new RefreshFailure('StoreUnreachable', `Memory ${this.#name}: it is down`);
  }
}

export const MEMORY_STORES: StoreKind = {
  kind: 'memory',
  title: 'Memory',
  create: ({ name, settings }) => ({ connections: new MemoryStore(name, settings as MemoryStoreSettings) }),
};
