// The commands and their options. Each command loads its code only when it runs: loading everything takes half a
// second.
import { isatty } from 'node:tty';
import { Command, Option } from 'commander';
import { escapeHidden, toSafeText } from '../src/refresh/safe-text.js';
import { VERSION } from '../src/version.js';
import { configOption, debugOption, jsonOption, logLevelOption, scheduleIdOption } from './command-line.js';
import type { DoctorOptions } from './doctor.js';
import { durationArgument } from './duration-argument.js';
import { joinLines } from './error-document.js';
import type { RefreshOnceOptions } from './refresh-once.js';
import type { ScheduleVerb } from './schedule.js';
import type { ScheduleOptions } from './schedule-options.js';
import type { StatusOptions } from './status.js';
import type { WorkerOptions } from './worker.js';

export function buildProgram(): Command {
  const program = new Command('airflow-ecr-refresh')
    .description("Keeps the ECR tokens in Airflow's Docker connections fresh.")
    .version(VERSION)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see --help)')
    .configureOutput({
      writeOut: (text) => process.stdout.write(escapeHidden(text)),
      writeErr: (text) => process.stderr.write(escapeHidden(text)),
      outputError: (text, write) => write(`${toSafeText(joinLines(text))}\n`),
    });
  const worker = workerCommand();
  for (const command of [worker, scheduleCommand(), refreshOnceCommand(), doctorCommand(), statusCommand()]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  listLeaves(program).forEach((command) => command.addOption(debugOption()));
  logUsageErrors(worker);
  return program;
}

/** The commands that do something. */
function listLeaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(listLeaves);
}

/** Where its log is read by a program, the worker reports wrong usage as a line of the log, too. */
function logUsageErrors(worker: Command): void {
  if (isatty(2)) return;
  worker.showHelpAfterError(false).configureOutput({
    outputError: (text, write) => {
      const time = new Date().toISOString();
      const msg = 'wrong usage; see --help';
      write(`${JSON.stringify({ level: 'error', time, problem: joinLines(text), msg })}\n`);
    },
  });
}

function workerCommand(): Command {
  return new Command('worker')
    .description('run the Temporal worker until SIGTERM or SIGINT')
    .addOption(configOption())
    .addOption(logLevelOption('info'))
    .action(async (options: WorkerOptions) => {
      // Before the worker is loaded, which can fail as well.
      const { startWorkerLog } = await import('./worker-log.js');
      const logger = startWorkerLog(options.logLevel);
      const { startWorker } = await import('./worker.js');
      await startWorker(options, logger);
    });
}

function scheduleCommand(): Command {
  const command = new Command('schedule').description('manage the Temporal schedule that starts the runs');
  const add = (verb: ScheduleVerb, description: string): Command =>
    command
      .command(verb)
      .description(description)
      .addOption(configOption())
      .addOption(jsonOption())
      .action(async (options: ScheduleOptions) => {
        const { runSchedule } = await import('./schedule.js');
        await runSchedule(verb, options);
      });
  const addForId = (verb: ScheduleVerb, description: string): Command =>
    add(verb, description).addOption(scheduleIdOption());
  add('apply', 'create or update the schedule from the configuration; creating it also starts a run').option(
    '--replace',
    'take over a schedule that another deployment has applied, or whose only Airflow instance has another URL',
  );
  addForId('describe', 'show the schedule as it is in Temporal, and how it differs from the configuration');
  addForId('trigger', 'start a run now, unless one is in progress')
    .option('--wait', 'show what fails in the run, wait for its end and print its report')
    .option('--now', 'end a run in progress that waits for its next attempt, and start another');
  addForId('pause', 'pause the schedule; tokens will expire');
  addForId('unpause', 'resume the schedule');
  addForId('delete', 'delete the schedule; a run in progress continues');
  return command;
}

function refreshOnceCommand(): Command {
  return new Command('refresh-once')
    .description('refresh the connections once, in this process, without Temporal')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--dry-run', 'show what would be written, where and why; change nothing')
    .option('--strict', 'fail when a check of the new token verified nothing, or no connection matches')
    .addOption(
      new Option('--retry-for <duration>', 'how long to retry failed steps')
        .argParser(durationArgument)
        .default(60_000, '1m'),
    )
    .action(async (options: RefreshOnceOptions) => {
      const { runRefreshOnce } = await import('./refresh-once.js');
      await runRefreshOnce(options);
    });
}

function doctorCommand(): Command {
  return new Command('doctor')
    .description('check everything a run needs')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--offline', 'check only the configuration, the Temporal settings and the native library')
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import('./doctor.js');
      await runDoctor(options);
    });
}

function statusCommand(): Command {
  return new Command('status')
    .description('show the state of the connections, the last failures and the next run')
    .addOption(configOption())
    .addOption(jsonOption())
    .addOption(scheduleIdOption())
    .addOption(
      new Option('--expires-within <duration>', 'fail when a token expires within this time')
        .argParser(durationArgument)
        .default(undefined, 'before the next run can replace it'),
    )
    .addOption(
      new Option('--failing-for <duration>', 'fail when a step has failed for this long')
        .argParser(durationArgument)
        .default(120_000, '2m'),
    )
    .action(async (options: StatusOptions) => {
      const { printStatus } = await import('./status.js');
      await printStatus(options);
    });
}
