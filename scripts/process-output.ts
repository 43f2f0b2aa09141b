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

function isClosed(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
}
