// Short commands that run to their end. An error has the command, the exit code and the last output.
import { signalGroup, spawnSupervised } from './supervised-process.js';

/** What a finished command left behind. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a short command. */
export interface CommandOptions {
  /** The whole environment of the command; default: this process's own. */
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Written to standard input, which is closed afterwards. */
  input?: string | undefined;
  /** Default 120,000 ms; the command is killed then. */
  timeoutMs?: number | undefined;
  /** Do not throw on a non-zero code. */
  allowFailure?: boolean | undefined;
  /** What the user can do when it fails. */
  remedy?: string | undefined;
}

/**
 * Runs a command to its end.
 * @throws Error naming command, exit code, the last lines of its output and the remedy
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
    child.stdin?.on('error', () => {}); // a command that does not read its input
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
        const how = code === null ? `was ended by ${signal} (time limit?)` : `ended with code ${code}`;
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
  const remedy = options.remedy === undefined ? '' : `\nRemedy: ${options.remedy}`;
  return new Error(
    `${[command, ...args].join(' ').slice(0, 300)}: ${how}${tail.trim() === '' ? '' : `\n${tail}`}${remedy}`,
  );
}
