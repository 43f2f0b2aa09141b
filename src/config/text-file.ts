// Owns reading a small text file that an administrator wrote: the configuration itself, or a value kept out of it.
// Refuses what could block, is far too large, is no text, or may be written by anybody on the machine.
import { readFileSync, statSync } from 'node:fs';

export type TextFileResult =
  | { readonly text: string; readonly isReadableByAll: boolean }
  | { readonly missing: true }
  /** `message` goes on after the name of the file; without `remedy` it is the wrong file. */
  | { readonly message: string; readonly remedy?: string };

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_WRITE = 0o002;

/**
 * Reads a file, through symbolic links: Kubernetes mounts configuration and secrets by them. Owner and group are not
 * looked at, since containers run as a user of their own, and neither are folders, since those of Kubernetes may be
 * written by all. Never throws.
 */
export function readTextFile(path: string, maxKiB: number): TextFileResult {
  let bytes: Buffer;
  let mode: number;
  try {
    const stats = statSync(path);
    // A pipe or device could block for ever, or give its content only once.
    if (!stats.isFile()) return { message: 'is no plain file' };
    // Before reading: a file of gigabytes must not get into memory.
    if (stats.size > maxKiB * 1024) return { message: `is larger than ${maxKiB} KiB` };
    // Windows has no such bits; Node makes them up.
    mode = process.platform === 'win32' ? 0 : stats.mode;
    if (mode & OTHERS_MAY_WRITE) return WRITABLE_BY_ALL;
    bytes = readFileSync(path);
  } catch (error) {
    return cannotRead(error);
  }
  if (bytes.length > maxKiB * 1024) return { message: `is larger than ${maxKiB} KiB` };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text, isReadableByAll: (mode & OTHERS_MAY_READ) !== 0 };
  } catch {
    return { message: 'is not UTF-8', remedy: 'Save it as UTF-8 text.' };
  }
}

const WRITABLE_BY_ALL: TextFileResult = {
  message: 'may be written by every user of this machine, who could send passwords to a host of their own',
  remedy: 'Run `chmod o-w` on it; from a file system without permissions, copy it to another.',
};

function cannotRead(error: unknown): TextFileResult {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { missing: true };
  // A NUL in the name.
  if (code === 'ERR_INVALID_ARG_VALUE') return { message: 'is no name of a file' };
  const remedy =
    code === 'EACCES' || code === 'EPERM'
      ? 'Give the user of this process permission to read it, and to enter its folders.'
      : 'Look at the file and its folder: the operating system refuses to read it.';
  return { message: `cannot be read (${code ?? 'unknown error'})`, remedy };
}
