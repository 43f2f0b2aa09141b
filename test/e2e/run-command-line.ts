// Runs a command of the build as a process.
import { spawn } from 'node:child_process';
import { builtCli } from './built-cli.js';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `airflow-ecr-refresh <args>`.
 * @param through a command that starts it, such as one that drops privileges
 */
export async function runCommandLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  through: readonly string[] = [],
  limitMs = 60_000,
): Promise<CommandResult> {
  return runProgram([...through, process.execPath, await builtCli(), ...args], env, limitMs);
}

/** @param command a program and its arguments */
export async function runProgram(
  [program = '', ...rest]: readonly string[],
  env: NodeJS.ProcessEnv,
  limitMs = 60_000,
): Promise<CommandResult> {
  const child = spawn(program, rest, { env, timeout: limitMs });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
