// Runs a command until it ends. An error contains the command, its exit code and its last output.
import { signalGroup, spawnSupervised } from './supervised-process.js';

/** The result of a finished command. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** The whole environment of the command; default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Written to standard input, which is then closed. */
  input?: string | undefined;
  /** The command is killed after this time; default 120,000 ms. */
  timeoutMs?: number | undefined;
  /** Do not throw on a non-zero exit code. */
  allowFailure?: boolean | undefined;
  /** How to fix a failure, as full sentences. */
  remedy?: string | undefined;
}

/**
 * Runs a command until it ends.
 * @throws Error with command, exit code, the last lines of its output and the fix
 */
export function runCommand(
  command: string,
  args: string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawnSupervised({
      command,
      args,
      env: options.env,
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      graceMs: 2_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin?.on('error', () => {}); // the command may not read its input
    child.stdin?.end(options.input ?? '');
    const end = (): void => void (child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'));
    const timer = setTimeout(end, options.timeoutMs ?? 120_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(failure(command, args, error.message, '', options));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || (options.allowFailure === true && code !== null)) {
        resolve({ code, stdout, stderr });
      } else {
        const how = code === null ? `was terminated by ${signal} (timed out?)` : `exited with code ${code}`;
        reject(failure(command, args, how, `${stdout}\n${stderr}`, options));
      }
    });
  });
}

function failure(
  command: string,
  args: string[],
  how: string,
  output: string,
  options: CommandOptions,
): Error {
  const tail = output
    .trim()
    .split('\n')
    .slice(-12)
    .map((line) => `  ${line}`)
    .join('\n');
  const remedy = options.remedy === undefined ? '' : `\nFix: ${options.remedy}`;
  return new Error(
    `${[command, ...args].join(' ').slice(0, 300)}: ${how}${tail.trim() === '' ? '' : `\n${tail}`}${remedy}`,
  );
}
