// Runs the command line. Exit codes: 0 done, 1 something failed, 2 usage, 78 configuration invalid.
import './silence-libraries.js';
import { CommanderError, type Command } from 'commander';
import { endCredentialProcesses } from '../src/aws/credentials/credential-processes.js';
import { logFrames } from '../src/log/redact-error.js';
import { hideVariables } from '../src/log/secret-variables.js';
import { setNetworkDefaults } from '../src/net/network-defaults.js';
import { isSecretVariable } from '../src/temporal/settings/temporal-variables.js';
import { EXIT, reportError, toExitCode, type ErrorOutput } from './command-line.js';
import { endNow, endOnSignals, endSoon } from './end-process.js';
import { refuseTakenFlags } from './npm-flags.js';
import { endWhenOutputCloses } from './process-output.js';
import { buildProgram } from './program.js';

export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const output = { isJson: args.includes('--json'), isDebug: args.includes('--debug') };
  // The AWS SDK would warn on every command about a Node version that this release supports.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  if (output.isDebug) logFrames();
  if (args[0] !== 'worker') endOnSignals();
  endWhenOutputCloses();
  // Before anything can start a process; those that the configuration names follow when it is read.
  hideVariables(Object.keys(process.env).filter(isSecretVariable));
  setNetworkDefaults();

  // A bug in a callback: Node would print the whole error, and its message may contain a request.
  process.on('uncaughtException', (error) => {
    reportError(error, output);
    void endNow(EXIT.failed);
  });

  try {
    const program = prepare(buildProgram(), output);
    refuseTakenFlags(program, args, process.env);
    await program.parseAsync();
  } catch (error) {
    report(error, output);
    process.exitCode = toExitCode(error);
  } finally {
    // A running credential process would keep this process alive.
    endCredentialProcesses();
    endSoon();
  }
}

/** Commander prints its own errors, and help and version are no errors. */
function report(error: unknown, output: ErrorOutput): void {
  const isPrinted = error instanceof CommanderError && (error.exitCode === 0 || !output.isJson);
  if (!isPrinted) reportError(error, output);
}

/** Makes commander throw, so that the code above sets the exit code: commander exits with 1 for wrong usage. */
function prepare(command: Command, output: ErrorOutput): Command {
  command.exitOverride();
  if (output.isJson) command.configureOutput({ writeErr: () => {} });
  command.commands.forEach((child) => prepare(child, output));
  return command;
}
