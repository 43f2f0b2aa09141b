// A run without Temporal: the same flow and activities, called in this process. `previewOnce` writes nothing.
import { randomUUID } from 'node:crypto';
import { createInProcessSteps, RETRY_FOR_MS, SYSTEM_CLOCK, toFailureInfo } from './run-in-process.js';
import { createApp, type AppOptions } from '../app.js';
import type { RefreshConfig } from '../config/refresh-config.js';
import { refresh } from '../refresh/flow.js';
import { ConnectionRules } from '../refresh/connection-rules.js';
import type { FailureReport, RefreshReport } from '../refresh/report.js';
import type { ConnectionProblem, RefreshSteps, TokenInfo } from '../refresh/activity-types.js';

/** What a run would do with one connection. */
export interface PreviewedConnection {
  readonly store: string;
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

export interface RunOptions extends AppOptions {
  /** Fails a run in which a check of a token verified nothing. Default: false. */
  readonly isStrict?: boolean;
}

/** @param retryForMs how long temporary failures are retried */
export async function refreshOnce(
  config: RefreshConfig,
  retryForMs: number,
  options: RunOptions = {},
): Promise<RefreshReport> {
  return runDirectly(config, retryForMs, (steps) => steps, options);
}

/** Does what `refreshOnce` does, except for writing: reads connections, extracts tokens and verifies them. */
export async function previewOnce(
  config: RefreshConfig,
  retryForMs: number,
  options: RunOptions = {},
): Promise<Preview> {
  const connections: PreviewedConnection[] = [];
  const preview = (steps: RefreshSteps): RefreshSteps => previewingSteps(config, steps, connections);
  const report = await runDirectly(config, retryForMs, preview, options);
  const { tokens, docker, warnings } = report;
  const failures = report.failures.filter((failure) => !isShown(failure, connections));
  return { dryRun: true, connections, tokens, docker, failures, warnings };
}

/** Whether each connection of a failure is shown with its problem. One of a whole store may name connections, too. */
function isShown(
  { stage, store, connections }: FailureReport,
  shown: readonly PreviewedConnection[],
): boolean {
  if (stage !== 'inspect' || connections.length === 0) return false;
  const left = shown.filter(({ action, store: of }) => action === 'leave' && of === store);
  const ids = new Set(left.map(({ connection }) => connection));
  return connections.every((id) => ids.has(id));
}

async function runDirectly(
  config: RefreshConfig,
  retryForMs: number,
  wrap: (steps: RefreshSteps) => RefreshSteps,
  options: RunOptions = {},
): Promise<RefreshReport> {
  const { isStrict = false, ...appOptions } = options;
  const { activities } = createApp(config, appOptions);
  const runId = randomUUID();
  const deadlineMs = Date.now() + retryForMs;
  return refresh(wrap(createInProcessSteps(activities, runId, deadlineMs)), {
    runId,
    previous: undefined,
    isStrict,
    now: () => new Date(),
    deadlineMs,
    retryForMs: RETRY_FOR_MS,
    wait: (ms) => SYSTEM_CLOCK.wait(ms),
    describe: toFailureInfo,
  });
}

function previewingSteps(
  config: RefreshConfig,
  steps: RefreshSteps,
  connections: PreviewedConnection[],
): RefreshSteps {
  const rules = new Map(
    config.stores.map((store) => [store.name, new ConnectionRules(store.connections, store.claimed)]),
  );
  const missing = new Set<string>();
  const tokens = new Map<string, TokenInfo>();
  return {
    ...steps,
    async extractToken(input, how) {
      const extracted = await steps.extractToken(input, how);
      for (const registry of input.registries) tokens.set(toKey(input.group, registry), extracted.token);
      return extracted;
    },
    async inspectConnections(input, how) {
      const inspection = await steps.inspectConnections(input, how);
      connections.push(...inspection.refused.map((problem) => leave(input.store, problem)));
      for (const { toCreate = [] } of inspection.writable) {
        for (const id of toCreate) missing.add(toKey(input.store, id));
      }
      return inspection;
    },
    updateConnections({ store, registry, group, connections: ids }) {
      for (const connection of ids) {
        const isMissing = missing.has(toKey(store, connection));
        connections.push(
          isMissing
            ? create(store, connection, registry)
            : write(store, connection, registry, findPattern(rules.get(store), connection)),
        );
      }
      // As if the token had been written: otherwise the report would warn that another token was tested.
      const token = tokens.get(toKey(group, registry));
      if (!token) return Promise.reject(new TypeError(`no token of ${group} was extracted`));
      return Promise.resolve({ written: ids, refused: [], toRetry: [], token });
    },
  };
}

function write(
  store: string,
  connection: string,
  registry: string,
  pattern: string | undefined,
): PreviewedConnection {
  const valid = 'type, host, login and port are valid for this registry';
  const why = pattern === undefined ? valid : `matches "${pattern}"; ${valid}`;
  return { store, connection, action: 'write', registry, why, remedy: null };
}

function create(store: string, connection: string, registry: string): PreviewedConnection {
  const why = 'the connection does not exist, and the configuration sets `ifMissing: create`';
  return { store, connection, action: 'create', registry, why, remedy: null };
}

/** The pattern that matches a connection; undefined if the configuration names its id. */
function findPattern(rules: ConnectionRules | undefined, id: string): string | undefined {
  const rule = rules?.find(id);
  return rule?.kind === 'match' ? rule.pattern : undefined;
}

function toKey(within: string, name: string): string {
  return JSON.stringify([within, name]);
}

function leave(store: string, problem: ConnectionProblem): PreviewedConnection {
  const { connection, message, remedy } = problem;
  return { store, connection, action: 'leave', registry: null, why: message, remedy };
}
