// Reads a small text file of an administrator: the configuration, or a value or certificate that it refers to.
import { readFileSync, statSync, type Stats } from 'node:fs';
import type { Fault } from './config-error.js';

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_WRITE = 0o002;

/**
 * Reads a file and follows symbolic links, with which Kubernetes mounts configuration and secrets. Owner and group
 * are not checked, because containers run as their own user. Folders are not checked, because those of Kubernetes are
 * world-writable. Never throws. Messages continue the name of the file; a fault without a remedy means that it is the
 * wrong file.
 */
export function readTextFile(path: string, maxKiB: number): { readonly text: string } | Fault {
  let bytes: Buffer;
  try {
    const stats = statSync(path);
    // A pipe or device could block forever, or return its content only once.
    if (!stats.isFile()) return { code: 'wrong-content', message: 'is not a regular file' };
    // Before reading: a file of gigabytes must not be loaded into memory.
    if (stats.size > maxKiB * 1024) return { code: 'too-long', message: `is larger than ${maxKiB} KiB` };
    if (hasMode(stats, OTHERS_MAY_WRITE)) return WRITABLE_BY_ALL;
    bytes = readFileSync(path);
  } catch (error) {
    return describeError(error);
  }
  if (bytes.length > maxKiB * 1024) return { code: 'too-long', message: `is larger than ${maxKiB} KiB` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { code: 'wrong-content', message: 'is not UTF-8', remedy: 'Save the file as UTF-8 text.' };
  }
}

/** Whether every user of the machine can read a file. False for one that does not exist. */
export function isReadableByAll(absolutePath: string): boolean {
  const stats = statSync(absolutePath, { throwIfNoEntry: false });
  return stats !== undefined && hasMode(stats, OTHERS_MAY_READ);
}

function hasMode({ mode }: Stats, bit: number): boolean {
  // Windows has no such bits; Node invents them.
  return process.platform !== 'win32' && (mode & bit) !== 0;
}

const WRITABLE_BY_ALL: Fault = {
  code: 'unsafe-file',
  message: 'is world-writable: any user of this machine could change it',
  remedy:
    'Run `chmod o-w` on the file. If its file system does not support permissions, move it to one that does.',
};

const NUL_IN_PATH: Fault = {
  code: 'invalid',
  message: 'has a NUL character in its path',
  remedy: 'Remove this character from the path.',
};

const TOO_MANY_LINKS: Fault = {
  code: 'unreadable',
  message: 'cannot be read: too many symbolic links (ELOOP)',
  remedy: 'Correct the symbolic link that leads back to itself, or use another path.',
};

function describeError(error: unknown): Fault {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { code: 'not-found', message: 'does not exist' };
  if (code === 'ERR_INVALID_ARG_VALUE') return NUL_IN_PATH;
  if (code === 'ELOOP') return TOO_MANY_LINKS;
  const remedy =
    code === 'EACCES' || code === 'EPERM'
      ? 'Allow the user of this process to read the file and to enter its folders.'
      : 'Check the disk or volume of the file, and the log of the operating system.';
  return { code: 'unreadable', message: `cannot be read (${code ?? 'unknown error'})`, remedy };
}
