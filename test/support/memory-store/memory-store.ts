// A second kind of store, for tests. It proves that a kind needs only a folder, an entry in the list of kinds and a
// section of the schema.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { StoreKind } from '../../../src/app.js';
import { connectionsSchema } from '../../../src/config/schema/connections.js';
import type { StoreConfig, StoreSection } from '../../../src/config/schema/stores.js';
import { nameSchema } from '../../../src/config/schema/values.js';
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

/** The data of the stores, by store name. */
export type Memories = ReadonlyMap<string, Memory>;

export interface Memory {
  readonly records: Map<string, ConnectionRecord>;
  readonly passwords: Map<string, string>;
  /** Makes every call fail. */
  readonly isDown?: boolean;
}

const MAX_ROWS = 100;

class MemoryStore implements ConnectionStore {
  readonly #name: string;
  readonly #settings: Memory;

  constructor(name: string, settings: Memory) {
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

export const MEMORIES: StoreSection = {
  key: 'memories',
  createSchema: () =>
    z
      .array(
        z
          .strictObject({ name: nameSchema, connections: connectionsSchema })
          .transform((settings): StoreConfig => ({ ...settings, kind: 'memory', settings: {} })),
      )
      .optional(),
};

export function memoryStores(memories: Memories): StoreKind {
  return {
    kind: 'memory',
    title: 'Memory',
    section: MEMORIES,
    create({ name }) {
      const memory = memories.get(name);
      assert.ok(memory, `memory ${name} does not exist`);
      return { connections: new MemoryStore(name, memory) };
    },
  };
}
