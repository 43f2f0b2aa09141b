// Parts of a report, and a report of one refreshed connection.
import type { FailureReport, RefreshReport, StoreReport } from '../../src/refresh/report.js';
import { REGISTRY } from './fake-steps.js';
import { getRemedy } from '../../src/refresh/failures.js';

export function failure(changes: Partial<FailureReport> = {}): FailureReport {
  return {
    stage: 'update',
    scope: 'connection',
    store: 'main',
    registry: REGISTRY,
    type: 'ConnectionMissing',
    count: 1,
    connections: ['docker_default'],
    message: 'Airflow has no connection docker_default.',
    remedy: getRemedy('ConnectionMissing'),
    ...changes,
  };
}

export function row(changes: Partial<StoreReport> = {}): StoreReport {
  return {
    store: 'main',
    kind: 'airflow',
    registry: REGISTRY,
    refreshed: 1,
    failed: 0,
    fingerprint: '0123456789ab',
    expiresAt: '2026-01-01T12:00:00.000Z',
    usableUntil: '2026-01-01T12:00:00.000Z',
    outlivesSession: null,
    principalArn: null,
    lastRefreshedAt: '2026-01-01T00:00:01.000Z',
    ...changes,
  };
}

export function report(changes: Partial<RefreshReport> = {}): RefreshReport {
  return {
    outcome: 'refreshed',
    runId: 'run-1',
    configHash: '0123456789ab',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:05.000Z',
    tokens: [],
    stores: [row()],
    docker: [],
    failures: [],
    unproven: [],
    warnings: [],
    ...changes,
  };
}
