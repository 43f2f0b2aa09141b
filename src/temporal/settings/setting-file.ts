// Reads a file that a setting of Temporal names.
import { statSync } from 'node:fs';
import { devNull } from 'node:os';
import { readTextFile } from '../../config/text-file.js';
import { listUnusual } from '../../net/header-rules.js';

export interface FileProblem {
  /** Continues the name of the file: `does not exist`. */
  readonly message: string;
  /** undefined: it is the wrong file. */
  readonly remedy: string | undefined;
  readonly isMissing: boolean;
}

/** Never throws. No message contains the path: it may be a misplaced secret. */
export function readSettingFile(path: string, maxKiB: number): { readonly text: string } | FileProblem {
  // The usual way to name no file. It is neither regular nor protected, which is an error for others.
  if (path === devNull) return { text: '' };
  const result = readTextFile(path, maxKiB);
  if ('text' in result) return result;
  const { code, message, remedy } = result;
  const isMissing = code === 'not-found';
  const unusual = isMissing ? listUnusual(path) : [];
  const why = unusual.length > 0 ? `: its path ${unusual.join(' and ')}` : '';
  return { message: isFolder(path) ? 'is a folder' : message + why, remedy, isMissing };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
