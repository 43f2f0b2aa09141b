// Replaces files while a process uses them, in all common ways.
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const REPLACEMENTS = [
  'rewritten in place',
  'replaced by rename',
  'swapped with its folder, as in Kubernetes',
] as const;

export type Replacement = (typeof REPLACEMENTS)[number];

/** File contents by name. */
export type Files = Readonly<Record<string, string>>;

/** Writes files into a folder. A later call with the same names and method replaces them. */
export function putFiles(folder: string, files: Files, replacement: Replacement): void {
  mkdirSync(folder, { recursive: true });
  if (replacement === REPLACEMENTS[2]) return swapFolder(folder, files);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    const isRename = replacement === 'replaced by rename';
    write(isRename ? `${path}.new` : path, content);
    if (isRename) renameSync(`${path}.new`, path);
  }
}

/** As the kubelet does: the files are links through `..data`, which is a link to an immutable folder. */
function swapFolder(folder: string, files: Files): void {
  const before = readLink(join(folder, '..data'));
  const next = before === '..2026_a' ? '..2026_b' : '..2026_a';
  mkdirSync(join(folder, next));
  for (const [name, content] of Object.entries(files)) write(join(folder, next, name), content);
  symlinkSync(next, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  if (before !== undefined) return rmSync(join(folder, before), { recursive: true });
  for (const name of Object.keys(files)) symlinkSync(join('..data', name), join(folder, name));
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Sets the mode regardless of the umask: the product rejects world-writable files. */
function write(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
}
