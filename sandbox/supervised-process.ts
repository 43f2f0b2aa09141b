// Spawns a process in its own process group, which cannot outlive this process.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Duplex } from 'node:stream';

/**
 * The child becomes the leader of a new session (`detached`), so that Ctrl-C in a terminal reaches only this process,
 * which stops its children in the right order. A detached child could outlive this process. To prevent this, a watcher
 * shell in the same group waits until a pipe is closed whose other end this process holds. The kernel closes it however
 * this process ends, even by SIGKILL, and the watcher then stops the group. `$$` is the child's pid, because `exec`
 * keeps it. A zombie that init has not collected yet counts as ended.
 */
const WATCHED = `
tenths=$1; shift
( trap '' TERM INT HUP; read -r line <&3
  kill -TERM 0; i=0
  while kill -0 $$ && [ $i -lt $tenths ]; do
    case "$(cat /proc/$$/status)" in *State:?Z*) break ;; esac
    sleep 0.1; i=$((i+1))
  done
  kill -KILL 0 ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"`;

export interface SupervisedOptions {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Standard input, output and error. */
  stdio: ['ignore' | 'pipe', 'pipe' | number, 'pipe' | number];
  /** From SIGTERM to SIGKILL, if the watcher stops the group. */
  graceMs: number;
}

/**
 * Spawns a command as the leader of a process group that ends with this process. When the leader exits, the rest of the
 * group is killed. A command that cannot be executed exits with code 126 or 127.
 */
export function spawnSupervised(options: SupervisedOptions): ChildProcess {
  const tenths = String(Math.ceil(options.graceMs / 100));
  const stdio: StdioOptions = [...options.stdio, 'pipe'];
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', tenths, options.command, ...options.args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio,
  });
  const lifeline = child.stdio[3] as Duplex & { unref?: () => void };
  lifeline.on('error', () => {});
  lifeline.unref?.(); // a running child must not keep this process alive
  const { pid } = child;
  child.once('exit', () => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL'); // the watcher and remaining descendants
    lifeline.destroy(); // the child's 'close' event waits for it, and this process might exit before
  });
  return child;
}

/** Sends a signal to a whole process group; 0 only checks it. True if the group still has a member. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
