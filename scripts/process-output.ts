// What else could appear on the output of a command, or close it.

/** `doctor | head -1`: ends quietly, as a program does that handles no SIGPIPE. A closed standard error is ignored. */
export function endWhenOutputCloses(): void {
  process.stdout.on('error', (error) => {
    if (isClosed(error)) process.exit();
    throw error;
  });
  process.stderr.on('error', (error) => {
    if (!isClosed(error)) throw error;
  });
}

/** Node prints warnings, and libraries print to the console: neither is for the user of a command. */
export function silenceLibraries(): void {
  process.removeAllListeners('warning');
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    console[method] = () => {};
  }
}

function isClosed(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
}
