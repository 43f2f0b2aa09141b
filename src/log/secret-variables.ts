// Environment variables with secrets, kept in memory only: child processes and Node's reports get the environment of
// this process.

/** By name; not readable from outside this file. */
const hidden = new Map<string, string>();

/** Read by Node, by libraries, or by a program that AWS credentials come from. */
const OF_OTHERS =
  /^(?:AWS|DOCKER|GRPC|LC|LD|NODE|SSL_CERT|XDG)_|_PROXY$|^(?:HOME|HOSTNAME|LANG|LOGNAME|PATH|SHELL|TERM|TMPDIR|TZ|USER)$/i;

/** The environment that this process was started with, with what is no longer in `process.env`. */
export function readEnvironment(): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(hidden), ...process.env };
}

/** Takes variables out of `process.env`, except those that something other than this program may read. */
export function hideVariables(names: Iterable<string>): void {
  for (const name of names) {
    const value = process.env[name];
    if (value === undefined || OF_OTHERS.test(name)) continue;
    hidden.set(name, value);
    delete process.env[name];
  }
}
