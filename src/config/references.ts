// Owns the two stand-ins for a value, `{env: NAME}` and `{file: PATH}`: how they are read and what can be wrong.
// Refuses to show what they stand for: problems name the variable or the file, never the value.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { RefreshFailure } from '../domain/failures.js';
import { Secret } from '../secret.js';

const MAX_BYTES = 64 * 1024;

export type Reference = { readonly env: string } | { readonly file: string };

/** Where references are looked up. */
export interface ReferenceSource {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the configuration file: paths are relative to it. */
  readonly folder: string;
}

export type ReferenceReading =
  { readonly value: string } | { readonly problem: string; readonly remedy: string };

/** Reads what a reference stands for. Never throws. */
export function readReference(reference: Reference, source: ReferenceSource): ReferenceReading {
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

function readVariable(name: string, env: NodeJS.ProcessEnv): ReferenceReading {
  const value = env[name];
  if (value) return { value };
  const problem = value === undefined ? 'is not set' : 'is empty';
  return {
    problem: `environment variable ${name} ${problem}`,
    remedy: `Set ${name} in the environment of this process, or write {file: PATH}.`,
  };
}

function readFile(path: string, folder: string): ReferenceReading {
  const file = JSON.stringify(path);
  let bytes: Buffer;
  try {
    const stats = statSync(resolve(folder, path));
    // A pipe or device could block for ever, or give its content only once.
    if (!stats.isFile())
      return { problem: `${file} is no plain file`, remedy: 'Name a file that holds the value alone.' };
    if (stats.size > MAX_BYTES) return tooLarge(file);
    bytes = readFileSync(resolve(folder, path));
  } catch (error) {
    return cannotRead(file, error);
  }
  if (bytes.length > MAX_BYTES) return tooLarge(file);
  return decode(file, bytes);
}

function decode(file: string, bytes: Buffer): ReferenceReading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problem: `file ${file} is not UTF-8`, remedy: 'Save it as UTF-8 text.' };
  }
  // Editors and `echo` end a file with one newline, which is no part of the value.
  const value = text.replace(/\r?\n$/, '');
  return value === '' ? { problem: `file ${file} is empty`, remedy: 'Write the value into it.' } : { value };
}

function tooLarge(file: string): ReferenceReading {
  return { problem: `file ${file} is larger than 64 KiB`, remedy: 'Name a file that holds the value alone.' };
}

function cannotRead(file: string, error: unknown): ReferenceReading {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return {
      problem: `there is no file ${file}`,
      remedy: 'Create it, or mend the path: it is relative to the folder of the configuration file.',
    };
  }
  return {
    problem: `file ${file} cannot be read (${code ?? 'unknown error'})`,
    remedy: 'Give the user of this process permission to read it.',
  };
}
