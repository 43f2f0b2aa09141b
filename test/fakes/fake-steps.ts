// Steps that all succeed, for tests that replace some of them.
import assert from 'node:assert/strict';
import type {
  InspectInput,
  Inspection,
  ListPart,
  PlannedStore,
  RefreshSteps,
  TokenInfo,
} from '../../src/refresh/activity-types.js';

export const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
export const GROUP = 'default/us-east-1';
export const EU_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
export const EU_GROUP = 'default/eu-west-1';
export const ENGINE = 'unix:///var/run/docker.sock';
export const FINGERPRINT = '0123456789ab';

/** Planned Airflow stores with these names, with one named connection each. */
export function plannedStores(...names: readonly string[]): PlannedStore[] {
  return names.map((name) => ({ name, kind: 'airflow', title: 'Airflow', named: 1, isListed: false }));
}

/** An Airflow store whose connections are selected by patterns. */
export function listedStore(name = 'main'): PlannedStore {
  return { name, kind: 'airflow', title: 'Airflow', named: 0, isListed: true };
}

/** The items at the rows that an inspection reads, and its part of the list. */
export function readRows<T>(
  items: readonly T[],
  { target }: InspectInput,
): { readonly rows: readonly T[]; readonly list: ListPart } {
  assert.ok('listed' in target);
  const { offset, limit } = target.listed;
  const rows = items.slice(offset, offset + limit);
  return { rows, list: { rows: rows.length, total: items.length, first: `row_${offset}`, isComplete: true } };
}

/** An inspection that found nothing. */
export const NOTHING: Inspection = { writable: [], refused: [], toRetry: [], warnings: [] };

/** The token of such a run. */
export function fakeTokenInfo(changes: Partial<TokenInfo> = {}): TokenInfo {
  return {
    group: GROUP,
    region: 'us-east-1',
    principalArn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test',
    issuedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2026-01-01T12:00:00.000Z',
    fingerprint: FINGERPRINT,
    probes: [{ registry: REGISTRY, outcome: 'accepted' }],
    ...changes,
  };
}

/** Steps for the store `main` with the connection `docker_default`, one registry and one engine. */
export function fakeSteps(overrides: Partial<RefreshSteps> = {}): RefreshSteps {
  return {
    planRefresh: async () => ({ configHash: 'abc', stores: plannedStores('main'), engines: [ENGINE] }),
    inspectConnections: async () => ({
      writable: [{ registry: REGISTRY, group: GROUP, connections: ['docker_default'] }],
      refused: [],
      toRetry: [],
      warnings: [],
    }),
    extractToken: async ({ group, registries }) => ({
      token: fakeTokenInfo({
        group,
        probes: registries.map((registry) => ({ registry, outcome: 'accepted' })),
      }),
      toRetry: [],
    }),
    updateConnections: async ({ connections }) => ({
      written: connections,
      refused: [],
      toRetry: [],
      token: fakeTokenInfo(),
    }),
    testDocker: async ({ engine, registry }) => ({
      engine,
      version: '28.0.0',
      registry,
      login: 'ok',
      fingerprint: FINGERPRINT,
    }),
    ...overrides,
  };
}
