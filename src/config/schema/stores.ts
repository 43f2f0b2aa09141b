// What the sections of all kinds of stores have in common.
import type { z } from 'zod';
import type { ConnectionRule } from '../../refresh/connection-rules.js';
import type { ScheduledStore } from '../../refresh/scheduled-stores.js';
import type { ConfigFolder } from '../config-folder.js';

/** Where connections are kept: an Airflow instance, or a store of another kind. */
export interface StoreConfig {
  readonly name: string;
  /** `airflow` for an entry of `airflows`. */
  readonly kind: string;
  readonly connections: readonly ConnectionRule[];
  /** Entries of earlier stores of the same deployment, which take precedence. */
  readonly claimed?: readonly ConnectionRule[];
  /** Settings of this kind of store; AirflowSettings for `airflow`. */
  readonly settings: object;
  /** Equal for two stores that have the same connections. Absent: no other store has the connections of this one. */
  readonly deployment?: string;
}

/** The part of the configuration file for the stores of one kind: a list at the top level. */
export interface StoreSection {
  /** Key of the list. */
  readonly key: string;
  /** The list; optional if not every configuration needs it. */
  createSchema(folder: ConfigFolder): z.ZodType<readonly StoreConfig[] | undefined>;
}

/** An entry of a list at the top level, and its place. */
export interface PlacedStore {
  readonly store: StoreConfig;
  readonly path: readonly [section: string, index: number];
}

/** The stores of all sections, in the order of the sections and of the file. */
export function listStores(file: object, sections: readonly StoreSection[]): PlacedStore[] {
  return sections.flatMap(({ key }) => {
    const stores: unknown = (file as Record<string, unknown>)[key];
    if (!Array.isArray(stores)) return [];
    return (stores as StoreConfig[]).map((store, index) => ({ store, path: [key, index] as const }));
  });
}

/** Where the stores are, without secrets. In the order of their names, so that the order in the file does not matter. */
export function identifyStores(stores: readonly StoreConfig[]): ScheduledStore[] {
  return stores
    .map(({ name, kind, deployment = `${kind} ${name}` }) => ({ name, deployment }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Adds the entries that earlier stores of the same deployment claim. */
export function addClaimed(stores: readonly StoreConfig[]): StoreConfig[] {
  return stores.map((store, index) => {
    const { deployment } = store;
    const before = stores.slice(0, index).filter((earlier) => earlier.deployment === deployment);
    const claimed = before.flatMap(({ connections }) => connections);
    return deployment === undefined || claimed.length === 0 ? store : { ...store, claimed };
  });
}
