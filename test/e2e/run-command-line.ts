// Owns the running of a command as its user runs it: a process of its own, its output and exit code.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `airflow-ecr-refresh <args>` from source, for at most a minute.
 * @param through a command that runs it, such as one that takes rights away
 */
export function runCommandLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  through: readonly string[] = [],
): Promise<CommandResult> {
  const cli = fileURLToPath(new URL('../../scripts/cli.ts', import.meta.url));
  const [program = process.execPath, ...rest] = [...through, process.execPath, '--import=tsx', cli, ...args];
  const child = spawn(program, rest, { env, timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
