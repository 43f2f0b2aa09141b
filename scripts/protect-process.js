// Keeps the memory and the environment of this process from other processes on the machine: signals and crashes make
// Node open a debugger, or write files that contain both. Loaded first, so it is JavaScript that old versions parse.
import { constants } from 'node:os';

// Those of --report-signal and --heapsnapshot-signal, which can be any signal.
for (const signal of Object.keys(constants.signals)) process.removeAllListeners(signal);
// Without a listener, Node opens the inspector on SIGUSR1, and ends on SIGUSR2.
for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});

if (process.report) {
  // Contains the message of the error, which may quote a request.
  process.report.reportOnUncaughtException = false;
  // AWS keys stay in the environment, because the AWS SDK reads them there. Since Node 22.13.
  if ('excludeEnv' in process.report) process.report.excludeEnv = true;
  else process.report.reportOnFatalError = false;
}
