// The commands `schedule …`. Only `apply` needs the whole configuration; the others need the id of the schedule alone.
import type { Client, ScheduleDescription, ScheduleHandle } from '@temporalio/client';
import { ConfigError, summarizeProblems } from '../src/config/config-error.js';
import { configPath, loadConfig, readScheduleTarget } from '../src/config/load.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { describeSchedule } from '../src/refresh/schedule-margins.js';
import { ECR_TOKEN_LIFE_MS } from '../src/refresh/token.js';
import { applySchedule, describeOrUndefined, findWanted } from '../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../src/schedule/build-schedule.js';
import { findRunsInProgress } from '../src/schedule/find-runs.js';
import { findDifferences, toScheduleState } from '../src/schedule/schedule-state.js';
import { withTemporalClient } from '../src/temporal/connection.js';
import { printResult } from './command-line.js';
import { CommandFailed } from './error-document.js';
import { formatApplied, formatChanged, type ApplyDocument, type ChangeDocument } from './format-apply.js';
import { formatSchedule, toScheduleDocument, type Comparison } from './format-schedule.js';
import type { Invocation, ScheduleOptions } from './schedule-options.js';
import { trigger } from './schedule-trigger.js';

const VERBS = { describe, trigger: triggerIfExists, pause, unpause, delete: remove };

export type ScheduleVerb = keyof typeof VERBS | 'apply';

export async function runSchedule(verb: ScheduleVerb, options: ScheduleOptions): Promise<void> {
  const path = configPath(options.config);
  if (verb === 'apply') {
    const config = loadConfig(path);
    return withTemporalClient((client) => apply(client, config, options));
  }
  const { scheduleId } = readScheduleTarget(path, options.scheduleId);
  await withTemporalClient((client) =>
    VERBS[verb]({ client, handle: client.schedule.getHandle(scheduleId), options }),
  );
}

async function apply(
  client: Client,
  config: RefreshConfig,
  { json, replace }: ScheduleOptions,
): Promise<void> {
  const applying = applySchedule(client, buildScheduleOptions(config), { replace });
  const { outcome, firstRun, paused, nextRunAt } = await applying;
  const applied: ApplyDocument = {
    scheduleId: config.schedule.id,
    outcome,
    summary: describeSchedule(config.schedule, ECR_TOKEN_LIFE_MS),
    firstRun: firstRun ?? null,
    paused,
    nextRunAt: nextRunAt?.toISOString() ?? null,
  };
  printResult(applied, json, formatApplied);
}

async function describe({ client, handle, options }: Invocation): Promise<void> {
  const description = await describeOrFail(handle);
  const running = await findRunsInProgress(client, handle.scheduleId, description);
  const comparison = await compare(client, description, configPath(options.config));
  const document = toScheduleDocument(description, running, comparison);
  printResult(document, options.json, formatSchedule);
}

/** How the schedule differs from the configuration, or why it was not compared. */
async function compare(client: Client, description: ScheduleDescription, path: string): Promise<Comparison> {
  try {
    const config = loadConfig(path);
    const { id } = config.schedule;
    if (id !== description.scheduleId) return { notCompared: `${path} is for the schedule ${id}` };
    const summary = describeSchedule(config.schedule, ECR_TOKEN_LIFE_MS);
    const wanted = await findWanted(client, buildScheduleOptions(config), description);
    return { differences: findDifferences(description, wanted), summary };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { notCompared: summarizeProblems(error) };
  }
}

async function triggerIfExists(invocation: Invocation): Promise<void> {
  await trigger(invocation, await describeOrFail(invocation.handle));
}

async function pause(invocation: Invocation): Promise<void> {
  const { handle } = invocation;
  const { state } = await describeOrFail(handle);
  // Keeps the note of an earlier pause.
  if (!state.paused) await handle.pause('paused by `schedule pause`');
  await confirm(invocation, 'paused', await handle.describe());
}

async function unpause(invocation: Invocation): Promise<void> {
  const { handle } = invocation;
  const { state } = await describeOrFail(handle);
  if (state.paused) await handle.unpause('unpaused by `schedule unpause`');
  await confirm(invocation, 'unpaused', await handle.describe());
}

async function remove(invocation: Invocation): Promise<void> {
  const description = await describeOrFail(invocation.handle);
  await invocation.handle.delete();
  await confirm(invocation, 'deleted', description);
}

/** Says what Temporal does from now on. */
async function confirm(
  { client, handle, options }: Invocation,
  outcome: ChangeDocument['outcome'],
  description: ScheduleDescription,
): Promise<void> {
  const { scheduleId } = handle;
  const running = await findRunsInProgress(client, scheduleId, description);
  const next = outcome === 'unpaused' ? toScheduleState(description).nextRunsAt[0] : undefined;
  const document: ChangeDocument = {
    scheduleId,
    outcome,
    running: running.map(({ workflowId, runId }) => ({ workflowId, runId })),
    nextRunAt: next?.toISOString() ?? null,
  };
  printResult(document, options.json, formatChanged);
}

async function describeOrFail(handle: ScheduleHandle): Promise<ScheduleDescription> {
  const description = await describeOrUndefined(handle);
  if (description) return description;
  const message = `Schedule ${handle.scheduleId} does not exist.`;
  throw new CommandFailed(message, 'Create it with `schedule apply`.', 'schedule-missing');
}
