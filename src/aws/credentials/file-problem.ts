// Why a file cannot be read, by the code of the error: its message may quote more than a path.
import { getErrorCodes } from '../../net/network-error.js';

const REASONS = new Map([
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
]);

export interface FileProblem {
  readonly words: string;
  readonly isMissing: boolean;
}

/** Returns undefined if the error is not that of a file. */
export function describeFileProblem(error: unknown): FileProblem | undefined {
  const code = getErrorCodes(error).find((one) => REASONS.has(one));
  const words = code === undefined ? undefined : REASONS.get(code);
  return words === undefined ? undefined : { words, isMissing: words === 'no such file' };
}
