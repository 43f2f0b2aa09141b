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
  const refused = new RefusedConnections();
  const preview = (steps: RefreshSteps): RefreshSteps => previewingSteps(config, steps, connections, refused);
  const report = await runDirectly(config, retryForMs, preview, options);
  // A failure of single connections is shown with the connections. One of the whole store can name connections, too.
  const failures = report.failures.filter((failure) => !refused.includes(failure));
  const { tokens, docker, warnings } = report;
  return { dryRun: true, connections, tokens, docker, failures, warnings };
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
  refused: RefusedConnections,
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
      const added = inspection.refused.filter((problem) => refused.add(input.store, problem));
      connections.push(...added.map((problem) => leave(input.store, problem)));
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

/** The refused connections that the preview shows. */
class RefusedConnections {
  readonly #shown = new Map<string, Set<string>>();

  /** @returns false if it is shown already: a page that is read again contains it again */
  add(store: string, { type, connection }: ConnectionProblem): boolean {
    const key = toKey(store, type);
    const shown = this.#shown.get(key) ?? new Set();
    this.#shown.set(key, shown);
    const isNew = !shown.has(connection);
    shown.add(connection);
    return isNew;
  }

  /** Whether each connection of a failure is shown. A failure that affects more than its connections never is. */
  includes({ stage, scope, store, type, count, connections }: FailureReport): boolean {
    if (stage !== 'inspect' || scope !== 'connection' || store === undefined || count === 0) return false;
    const shown = this.#shown.get(toKey(store, type));
    // A failure lists only its first connections.
    return shown !== undefined && shown.size >= count && connections.every((id) => shown.has(id));
  }
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
