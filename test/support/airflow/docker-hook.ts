// Asks the Docker provider's own hook, in the virtual environment of an Airflow, what it does with connections.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { airflowEnv } from '../../../sandbox/airflow/installation.js';
import { newFernetKey } from '../../../sandbox/airflow/secrets.js';
import { runCommand } from '../../../sandbox/run-command.js';

export interface CheckedConnection {
  readonly type: string;
  readonly host: string | null;
  readonly login: string | null;
  readonly port: number | null;
  readonly extra: string | null;
  /** The host of the image to pull. */
  readonly registry: string;
}

/** The class of the hook's error, or whose password the pull then had: the connection's, an old one, or none. */
export type HookResult = { readonly error: string } | { readonly pulledWith: 'new' | 'old' | null };

/**
 * Takes about 5 s for any number of connections. Needs no Docker Engine.
 * @returns for each connection: the result on a machine without Docker credentials, and on one that has old ones for the same address
 */
export async function checkDockerHook(
  python: string,
  connections: readonly CheckedConnection[],
): Promise<[withoutCredentials: HookResult, withOldCredentials: HookResult][]> {
  const home = mkdtempSync(join(tmpdir(), 'ecr-hook-'));
  const script = fileURLToPath(new URL('./check_docker_hook.py', import.meta.url));
  try {
    const { stdout } = await runCommand(python, [script], {
      env: { ...airflowEnv(home, newFernetKey()), PYTHONDONTWRITEBYTECODE: '1' },
      input: JSON.stringify(connections),
      timeoutMs: 180_000,
    });
    const line = /^HOOK_RESULTS=(.*)$/m.exec(stdout)?.[1];
    if (line === undefined) throw new Error(`The hook was not run:\n${stdout.slice(-2_000)}`);
    return JSON.parse(line) as [HookResult, HookResult][];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
