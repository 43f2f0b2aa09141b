// Owns a run without Temporal: the same flow and activities, called in this process. `previewOnce` writes nothing.
import { randomUUID } from 'node:crypto';
import { toStepFailure, createInProcessSteps } from './run-in-process.js';
import { createApp } from '../app.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { ConfigStore } from '../config/config-store.js';
import { refresh } from '../refresh/flow.js';
import { findRule } from '../refresh/connection-rules.js';
import type { RefreshReport } from '../refresh/report.js';
import type { ConnectionProblem, RefreshSteps, TokenInfo } from '../refresh/activity-types.js';

/** What a run would do with one connection. */
export interface PreviewedConnection {
  readonly airflow: string;
  readonly connection: string;
  readonly action: 'write' | 'create' | 'leave';
  readonly registry: string | null;
  readonly why: string;
  readonly remedy: string | null;
}

export interface Preview extends Pick<RefreshReport, 'tokens' | 'docker' | 'failures' | 'warnings'> {
  readonly dryRun: true;
  readonly connections: readonly PreviewedConnection[];
}

/** Refreshes everything once. @param retryForMs for how long failures that may pass are tried again */
export async function refreshOnce(config: RefreshConfig, retryForMs: number): Promise<RefreshReport> {
  return runDirectly(config, retryForMs, (steps) => steps);
}

/** Everything that `refreshOnce` does, but the writing: connections are read, tokens obtained and shown. */
export async function previewOnce(config: RefreshConfig, retryForMs: number): Promise<Preview> {
  const connections: PreviewedConnection[] = [];
  const report = await runDirectly(config, retryForMs, (steps) =>
    previewingSteps(config, steps, connections),
  );
  // Refusals of single connections are told with the connections; the rest concerns more than one.
  const failures = report.failures.filter(({ stage, count }) => stage !== 'inspect' || count === 0);
  const { tokens, docker, warnings } = report;
  return { dryRun: true, connections, tokens, docker, failures, warnings };
}

async function runDirectly(
  config: RefreshConfig,
  retryForMs: number,
  wrap: (steps: RefreshSteps) => RefreshSteps,
): Promise<RefreshReport> {
  const { activities } = createApp(new ConfigStore(config));
  const runId = randomUUID();
  return refresh(wrap(createInProcessSteps(activities, runId, Date.now() + retryForMs)), {
    runId,
    previous: undefined,
    now: () => new Date(),
    describe: toStepFailure,
  });
}

function previewingSteps(
  config: RefreshConfig,
  steps: RefreshSteps,
  connections: PreviewedConnection[],
): RefreshSteps {
  const missing = new Set<string>();
  const tokens = new Map<string, TokenInfo>();
  return {
    ...steps,
    async extractToken(input) {
      const facts = await steps.extractToken(input);
      for (const registry of input.registries) tokens.set(keyOf(input.group, registry), facts);
      return facts;
    },
    async inspectConnections(input) {
      const inspection = await steps.inspectConnections(input);
      connections.push(...inspection.refused.map((problem) => leave(input.airflow, problem)));
      for (const { toCreate = [] } of inspection.writable) {
        for (const id of toCreate) missing.add(keyOf(input.airflow, id));
      }
      return inspection;
    },
    updateConnections({ airflow, registry, group = '', connections: ids }) {
      for (const connection of ids) {
        const isMissing = missing.has(keyOf(airflow, connection));
        connections.push(
          isMissing
            ? create(airflow, connection, registry)
            : write(airflow, connection, registry, patternOf(config, airflow, connection)),
        );
      }
      // As if the token had been written: else the report would warn that another one was tested.
      const { fingerprint = '', expiresAt = '' } = tokens.get(keyOf(group, registry)) ?? {};
      return Promise.resolve({ refreshed: ids, failed: [], fingerprint, expiresAt });
    },
  };
}

function write(
  airflow: string,
  connection: string,
  registry: string,
  pattern: string | undefined,
): PreviewedConnection {
  const right = 'its type, host, login and port are right for this registry';
  const why = pattern === undefined ? right : `it matches "${pattern}", and ${right}`;
  return { airflow, connection, action: 'write', registry, why, remedy: null };
}

function create(airflow: string, connection: string, registry: string): PreviewedConnection {
  const why = 'Airflow has no such connection, and the configuration says `ifMissing: create`';
  return { airflow, connection, action: 'create', registry, why, remedy: null };
}

/** The pattern that takes a connection in; undefined where the configuration names its id. */
function patternOf(config: RefreshConfig, airflow: string, id: string): string | undefined {
  const rules = config.airflows.find(({ name }) => name === airflow)?.connections ?? [];
  const rule = findRule(rules, id);
  return rule?.kind === 'match' ? rule.pattern : undefined;
}

function keyOf(within: string, name: string): string {
  return JSON.stringify([within, name]);
}

function leave(airflow: string, problem: ConnectionProblem): PreviewedConnection {
  const { connection, message, remedy } = problem;
  return { airflow, connection, action: 'leave', registry: null, why: message, remedy };
}
