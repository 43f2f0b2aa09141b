// Keeps the memory and the environment of this process from other processes on the machine: signals and crashes make
// Node open a debugger, or write files that contain both. Loaded first, so it is JavaScript that old versions parse.
import { constants } from 'node:os';

// Those of --report-signal and --heapsnapshot-signal, which can be any signal.
for (const signal of Object.keys(constants.signals)) process.removeAllListeners(signal);
// Without a listener, Node opens the inspector on SIGUSR1, and ends on SIGUSR2.
for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});

/** @type {NodeJS.ProcessReport & { excludeEnv?: boolean } | undefined} */
const report = process.report;
if (report) {
  // Contains the message of the error, which may quote a request.
  report.reportOnUncaughtException = false;
  // Contains the environment, with AWS keys, unless an option of Node excludes it: setting it here has no effect.
  if (report.excludeEnv !== true) report.reportOnFatalError = false;
  // For `writeReport` by a module that is loaded with `--import`.
  report.excludeEnv = true;
}
