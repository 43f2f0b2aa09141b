import { spawn } from 'node:child_process';

export interface TimedProcess {
  /** From its start to its exit, including the reading of its output. */
  readonly ms: number;
  readonly stdout: string;
}

/**
 * Runs a Node process until it exits.
 * @throws Error with its output when it fails
 */
export function timeNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<TimedProcess> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => {
      const ms = performance.now() - start;
      if (code === 0) resolve({ ms, stdout });
      else reject(new Error(`node ${args.join(' ')} ended with code ${code}:\n${stdout}${stderr}`));
    });
  });
}

/** Omits the user's settings: no proxy, no AWS profile, no temporal.toml. */
export function privateEnv(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1' };
}
