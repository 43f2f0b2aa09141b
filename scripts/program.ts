// Owns which commands there are.
import { Command } from 'commander';
import { VERSION } from '../src/version.js';
import { doctorCommand } from './doctor.js';
import { refreshOnceCommand } from './refresh-once.js';
import { scheduleCommand } from './schedule.js';
import { statusCommand } from './status.js';
import { workerCommand } from './worker.js';

export function buildProgram(): Command {
  const program = new Command('airflow-ecr-refresh')
    .description("Keeps the ECR tokens in Airflow's Docker connections fresh.")
    .version(VERSION)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(see --help)');
  for (const command of [
    workerCommand(),
    scheduleCommand(),
    refreshOnceCommand(),
    doctorCommand(),
    statusCommand(),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}
