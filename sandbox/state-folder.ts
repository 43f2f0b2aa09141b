// Claims a state folder for one sandbox: two sandboxes would corrupt its databases.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Creates the folder and claims it for this process. A claim of a process that has ended is ignored.
 * @returns the absolute path, and a function that releases the claim
 * @throws Error with the id of the process that uses the folder
 */
export function claimStateFolder(folder: string): { folder: string; release: () => void } {
  const path = resolve(folder);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'sandbox.pid');
  const holder = readHolder(file);
  if (holder !== undefined && isRunning(holder)) {
    throw new Error(
      `Process ${holder} is running a sandbox in ${path}. Fix: Stop it. If this process is something else, delete ${file}.`,
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
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it runs as another user
  }
}
