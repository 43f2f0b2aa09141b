// Ends the process after the last step of a command, whatever still keeps it alive: a handshake, a response or a program
// that never ends. Output is never cut: a pipe takes 64 KB, and the rest is written when its reader reads. Only lookups
// of names that are in progress delay the end, because Node waits for them: see docs/troubleshooting.md.
import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { killCredentialProcesses } from '../src/aws/credentials/credential-processes.js';

/** More than the grace period of credential processes. */
const QUIET_MS = 3_000;

/** A normal end is not delayed: this timer keeps no process alive. */
export function endSoon(quietMs = QUIET_MS): void {
  setTimeout(() => void endNow(Number(process.exitCode ?? 0)), quietMs).unref();
}

/** Ends the process at once, or as soon as its output is written. */
export async function endNow(exitCode: number): Promise<void> {
  process.exitCode = exitCode;
  const pending = [process.stdout, process.stderr].filter((stream) => !isWritten(stream));
  if (pending.length > 0) await Promise.all(pending.map(flush));
  process.exit(exitCode);
}

/** Ends a command as a signal does by default, but with its credential processes. A worker has handlers of its own. */
export function endOnSignals(): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => {
      killCredentialProcesses();
      process.kill(process.pid, signal);
      // As the first process of a container, it is still there.
      process.exit(128 + constants.signals[signal]);
    });
  }
}

function isWritten(stream: Writable): boolean {
  return stream.destroyed || stream.writableLength === 0;
}

/** An error also calls back. */
function flush(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
