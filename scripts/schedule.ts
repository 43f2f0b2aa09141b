import type { Client, ScheduleDescription, ScheduleHandle } from '@temporalio/client';
import { configPath, loadConfig } from '../src/config/load.js';
import type { RefreshConfig } from '../src/config/refresh-config.js';
import { describeSchedule } from '../src/refresh/schedule-margins.js';
import { applySchedule, describeOrUndefined, isUpToDate } from '../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../src/schedule/build-schedule.js';
import { waitForReport } from '../src/schedule/run-report.js';
import { triggerRun } from '../src/schedule/trigger-run.js';
import { toUnavailable, withTemporalClient } from '../src/temporal/connection.js';
import { readTemporalSettings } from '../src/temporal/settings.js';
import { describeUnavailable, TemporalUnavailable } from '../src/temporal/unavailable.js';
import { CommandFailed, EXIT, printJson, printLine } from './command-line.js';
import { formatReport } from './format-report.js';
import { formatApplied, formatSchedule, toScheduleDocument, type ApplyDocument } from './format-schedule.js';
import { ECR_TOKEN_LIFE_MS } from '../src/refresh/token.js';

export interface ScheduleOptions {
  readonly config?: string;
  readonly json?: true;
  /** Only for `trigger`. */
  readonly wait?: true;
}

interface Invocation {
  readonly client: Client;
  readonly config: RefreshConfig;
  readonly handle: ScheduleHandle;
  readonly json: boolean;
}

const VERBS = { apply, describe, trigger, pause, unpause, delete: remove };

export type ScheduleVerb = keyof typeof VERBS;

export async function runSchedule(verb: ScheduleVerb, options: ScheduleOptions): Promise<void> {
  const config = loadConfig(configPath(options.config));
  await withTemporalClient((client) => {
    const handle = client.schedule.getHandle(config.schedule.id);
    return VERBS[verb]({ client, config, handle, json: options.json === true }, options);
  });
}

async function apply({ client, config, json }: Invocation): Promise<void> {
  const { outcome, firstRun } = await applySchedule(client, buildScheduleOptions(config));
  const { id } = config.schedule;
  const applied: ApplyDocument = {
    scheduleId: id,
    outcome,
    summary: describeSchedule(config.schedule, ECR_TOKEN_LIFE_MS),
    firstRun: firstRun ?? null,
  };
  if (json) printJson(applied);
  else printLine(formatApplied(applied));
}

async function describe({ config, handle, json }: Invocation): Promise<void> {
  const description = await describeOrFail(handle);
  const isAsConfigured = isUpToDate(description, buildScheduleOptions(config));
  const document = toScheduleDocument(config.schedule.id, description, isAsConfigured);
  if (json) printJson(document);
  else printLine(formatSchedule(document, config.schedule));
}

async function trigger({ client, handle, json }: Invocation, options: ScheduleOptions): Promise<void> {
  await describeOrFail(handle);
  const run = await triggerRun(handle);
  if (!run)
    throw new CommandFailed(
      'Temporal accepted the request, but no run started within 10 s. Check the Temporal server.',
    );
  const { workflowId, runId, alreadyRunning } = run;
  const what = alreadyRunning ? 'A run is already in progress' : 'Run started';
  if (!json) printLine(`${what}: workflow ${workflowId}, run ${runId}.`);
  if (!options.wait) {
    if (json) printJson(run);
    return;
  }
  const end = await waitForReport(client, workflowId, runId).catch((error: unknown) => {
    throw explainLostRun(toUnavailable(readTemporalSettings(), error));
  });
  if (!end.report)
    throw new CommandFailed(`The run ended without a report: ${end.why}. Check run ${runId} in Temporal.`);
  if (json) printJson(end.report);
  else printLine(`\n${formatReport(end.report)}`);
  process.exitCode = end.report.outcome === 'refreshed' ? EXIT.done : EXIT.failed;
}

/** Adds that only the wait has ended, not the run. */
export function explainLostRun(error: unknown): unknown {
  if (!(error instanceof TemporalUnavailable)) return error;
  return new CommandFailed(
    `${describeUnavailable(error)}\nThe run continues without this command, and resumes after a Temporal outage. ` +
      'Check its result with `status`, or wait for it again with `schedule trigger --wait`.',
  );
}

async function pause({ handle, config, json }: Invocation): Promise<void> {
  await describeOrFail(handle);
  await handle.pause('paused by `schedule pause`');
  confirm(json, config.schedule.id, 'paused', 'No runs start until `schedule unpause`; tokens will expire.');
}

async function unpause({ handle, config, json }: Invocation): Promise<void> {
  await describeOrFail(handle);
  await handle.unpause('unpaused by `schedule unpause`');
  confirm(json, config.schedule.id, 'unpaused', 'To refresh now, run `schedule trigger`.');
}

async function remove({ handle, config, json }: Invocation): Promise<void> {
  await describeOrFail(handle);
  await handle.delete();
  confirm(json, config.schedule.id, 'deleted', 'No more runs start; tokens will expire.');
}

function confirm(json: boolean, scheduleId: string, outcome: string, consequence: string): void {
  if (json) printJson({ scheduleId, outcome });
  else printLine(`Schedule ${scheduleId} ${outcome}. ${consequence}`);
}

async function describeOrFail(handle: ScheduleHandle): Promise<ScheduleDescription> {
  const description = await describeOrUndefined(handle);
  if (description) return description;
  throw new CommandFailed(`Schedule ${handle.scheduleId} does not exist. Create it with \`schedule apply\`.`);
}
