#!/usr/bin/env node
// The entry of every command: `npm run -s <command> --` from a clone, `airflow-ecr-refresh <command>` from the
// package. Exit codes: 0 done, 1 something failed, 2 usage, 78 configuration invalid.
import { CommanderError, type Command } from 'commander';
import { endCredentialProcesses } from '../src/aws/credential-processes.js';
import { EXIT, toExitCode, printError } from './command-line.js';
import { buildProgram } from './program.js';

// The AWS SDK would warn on every command about a Node version that this release supports.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

// A bug in a callback: Node would print the whole error, and its message may contain a request.
process.on('uncaughtException', (error) => {
  printError(error);
  process.exit(EXIT.failed);
});

try {
  await exitByThrowing(buildProgram()).parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) printError(error);
  process.exitCode = toExitCode(error);
} finally {
  // A running credential process would keep this process alive.
  endCredentialProcesses();
}

/** Makes commander throw, so that the code above sets the exit code: commander exits with 1 for wrong usage. */
function exitByThrowing(command: Command): Command {
  command.exitOverride();
  command.commands.forEach(exitByThrowing);
  return command;
}
