// Owns the running of a command as its user runs it: a process of its own, its output and exit code.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `airflow-ecr-refresh <args>` from source, for at most a minute. */
export function runCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  const cli = fileURLToPath(new URL('../../scripts/cli.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import=tsx', cli, ...args], { env, timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
