// Keeps the memory and the environment of this process from other processes on the machine: signals and crashes make
// Node open a debugger, or write files that contain both. Loaded first, so it is JavaScript that old versions parse.

for (const signal of ['SIGUSR1', 'SIGUSR2']) {
  // Node opens the inspector on SIGUSR1 unless there is a listener. Those of Node itself are for --report-on-signal and
  // --heapsnapshot-signal.
  process.removeAllListeners(signal);
  process.on(signal, () => {});
}

if (process.report) {
  process.report.reportOnSignal = false;
  // Contains the message of the error, which may quote a request.
  process.report.reportOnUncaughtException = false;
  // AWS keys stay in the environment, because the AWS SDK reads them there. Since Node 22.13.
  if ('excludeEnv' in process.report) process.report.excludeEnv = true;
  else process.report.reportOnFatalError = false;
}
