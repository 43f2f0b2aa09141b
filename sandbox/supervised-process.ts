// How a process of the sandbox is spawned: in a process group of its own that cannot outlive this process.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import type { Duplex } from 'node:stream';

/**
 * The child becomes the leader of a new session (`detached`), so that Ctrl-C in a terminal reaches us before
 * it, and the order of stopping is ours. That alone would let it outlive us, hence the watcher: a shell in the
 * same group that waits for the end of a pipe of which we hold the other end. The kernel closes it however we
 * die, SIGKILL included; then the watcher stops the group. `$$` stays the child's pid, as `exec` keeps it. An
 * ended child that nobody has collected yet (a lazy init) is as good as gone.
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

/** What {@link spawnSupervised} needs to know. */
export interface SupervisedOptions {
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Standard input, output and error. */
  stdio: ['ignore' | 'pipe', 'pipe' | number, 'pipe' | number];
  /** From SIGTERM to SIGKILL, when it is the watcher that stops the group. */
  graceMs: number;
}

/**
 * Spawns a command as the leader of a process group that ends with this process. When the leader exits, what
 * it left behind in the group is killed. A command that cannot be executed exits with code 126 or 127.
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
  lifeline.unref?.(); // a forgotten child must not keep this process alive
  const { pid } = child;
  child.once('exit', () => {
    if (pid !== undefined) signalGroup(pid, 'SIGKILL'); // the watcher, and stragglers
    lifeline.destroy(); // the child's 'close' waits for it, and nothing else would keep this process alive until then
  });
  return child;
}

/** Signals a whole process group (0 only asks). True when it still has a member. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
