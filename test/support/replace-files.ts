// Files that change while a process uses them, in the ways in which that happens.
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const REPLACEMENTS = [
  'rewritten in place',
  'replaced by rename',
  'swapped with its folder, as in Kubernetes',
] as const;

export type Replacement = (typeof REPLACEMENTS)[number];

/** Contents by name. */
export type Files = Readonly<Record<string, string>>;

/** Puts files into a folder; a later call, with the same names and in the same way, replaces them. */
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

/** As the kubelet does: the files are links through `..data`, a link to a folder that is never changed. */
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

/** The umask must not matter: a file that everyone may write is rejected. */
function write(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
}
