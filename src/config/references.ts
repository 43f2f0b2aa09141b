// Owns the two stand-ins for a value, `{env: NAME}` and `{file: PATH}`: how they are read and what can be wrong.
// Refuses to show what they stand for: problems name the variable or the file, never the value.
import { resolve } from 'node:path';

import { RefreshFailure } from '../refresh/failures.js';
import { Secret } from '../log/secret.js';
import { readTextFile } from './text-file.js';

const MAX_KIB = 64;

export type Reference = { readonly env: string } | { readonly file: string };

/** Where references are looked up. */
export interface ReferenceSource {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the configuration file: paths are relative to it. */
  readonly folder: string;
}

export type ReferenceResult =
  | { readonly value: string; readonly readableByAll?: string }
  | { readonly problem: string; readonly remedy: string };

/** Reads what a reference stands for. Never throws. */
export function readReference(reference: Reference, source: ReferenceSource): ReferenceResult {
  return 'env' in reference
    ? readVariable(reference.env, source.env)
    : readFile(reference.file, source.folder);
}

/**
 * Reads a secret at the moment it is needed, so that a rotated file is picked up.
 * @param owner whose secret it is, for the message: `the password of airflow "main"`
 * @throws RefreshFailure ConfigInvalid
 */
export function readSecret(reference: Reference, source: ReferenceSource, owner: string): Secret {
  const reading = readReference(reference, source);
  if ('value' in reading) return new Secret(reading.value);
  throw new RefreshFailure('ConfigInvalid', `${owner}: ${reading.problem}`, reading.remedy);
}

function readVariable(name: string, env: NodeJS.ProcessEnv): ReferenceResult {
  const value = env[name];
  if (value) return { value };
  const problem = value === undefined ? 'is not set' : 'is empty';
  return {
    problem: `environment variable ${name} ${problem}`,
    remedy: `Set ${name} in the environment of this process, or write {file: PATH}.`,
  };
}

function readFile(path: string, folder: string): ReferenceResult {
  const file = JSON.stringify(path);
  const reading = readTextFile(resolve(folder, path), MAX_KIB);
  if ('missing' in reading) return { problem: `there is no file ${file}`, remedy: remedyForMissing(path) };
  if ('message' in reading) {
    const remedy = reading.remedy ?? 'Name a file that holds the value alone.';
    return { problem: `file ${file} ${reading.message}`, remedy };
  }
  // Editors and `echo` end a file with one newline, which is no part of the value.
  const value = reading.text.replace(/\r?\n$/, '');
  if (value === '') return { problem: `file ${file} is empty`, remedy: 'Write the value into it.' };
  return reading.isReadableByAll ? { value, readableByAll: file } : { value };
}

/** What to do about a file of the configuration that is not there. */
export function remedyForMissing(path: string): string {
  return path.startsWith('~')
    ? 'Write the path out: ~ stands for no folder here.'
    : 'Create it, or fix the path: it is relative to the folder of the configuration file.';
}
