// The claim of one sandbox on its state folder: two on the same databases would corrupt both.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Makes the folder and claims it for this process.
 * @returns the absolute path, and how to give the claim up; a claim of a process that has ended counts for nothing
 * @throws Error naming the process that has the folder
 */
export function claimStateFolder(folder: string): { folder: string; release: () => void } {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'sandbox.pid');
  const holder = readHolder(file);
  if (holder !== undefined && isRunning(holder)) {
    throw new Error(
      `Process ${holder} runs a sandbox on ${path}. Remedy: stop it, or use another folder; if that process is something else, delete ${file}.`,
    );
  }
  writeFileSync(file, `${process.pid}\n`);
  return { folder: path, release: () => rmSync(file, { force: true }) };
}

function readHolder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it runs as somebody else
  }
}
