// The check of the PEM files that connections over TLS need: with a wrong one the first request would fail without the reason.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';

import { LOCKED, parseCertificates, parsePrivateKey } from '../net/tls-files.js';
import type { UrlProblem } from './urls.js';
import { remedyForMissing } from './references.js';
import { readTextFile } from './text-file.js';

/** A bundle with every public authority has about a quarter of this. */
const MAX_KIB = 1024;

/** What to do about a file, where that depends on what it is for. */
export interface PemRemedies {
  /** About one that holds something else. */
  readonly wrong: string;
  /** About one that is not there; else that its path is relative to the folder of the configuration file. */
  readonly missing?: string;
}

export interface CertificateFile {
  readonly path: string;
  readonly certificates: readonly X509Certificate[];
}

export interface KeyFile {
  readonly path: string;
  readonly key: KeyObject;
  readonly isReadableByAll: boolean;
}

interface PemText {
  readonly path: string;
  readonly text: string;
  readonly isReadableByAll: boolean;
}

/** The absolute path of a file of certificates and the certificates in it, or what is wrong with it. */
export function readCertificateFile(
  path: string,
  folder: string,
  remedies: PemRemedies,
): CertificateFile | UrlProblem {
  const reading = readPem(path, folder, remedies);
  if (!('text' in reading)) return reading;
  const parsed = parseCertificates(reading.text);
  if ('certificates' in parsed) return { path: reading.path, ...parsed };
  return { message: `file ${JSON.stringify(path)} holds ${parsed.problem}`, remedy: remedies.wrong };
}

/** The absolute path of a file with a private key and that key, or what is wrong with it. */
export function readKeyFile(path: string, folder: string, remedies: PemRemedies): KeyFile | UrlProblem {
  const reading = readPem(path, folder, remedies);
  if (!('text' in reading)) return reading;
  const parsed = parsePrivateKey(reading.text);
  if ('key' in parsed) return { path: reading.path, ...parsed, isReadableByAll: reading.isReadableByAll };
  const remedy =
    parsed === LOCKED
      ? 'Unlock it: `openssl pkey -in locked.pem -out key.pem`, and `chmod 600` on the new file.'
      : remedies.wrong;
  return { message: `file ${JSON.stringify(path)} holds ${parsed.problem}`, remedy };
}

function readPem(path: string, folder: string, { wrong, missing }: PemRemedies): PemText | UrlProblem {
  const absolute = resolve(folder, path);
  const file = JSON.stringify(path);
  const reading = readTextFile(absolute, MAX_KIB);
  if ('missing' in reading) {
    return { message: `there is no file ${file}`, remedy: missing ?? remedyForMissing(path) };
  }
  if ('message' in reading) {
    return { message: `file ${file} ${reading.message}`, remedy: reading.remedy ?? wrong };
  }
  return { path: absolute, text: reading.text, isReadableByAll: reading.isReadableByAll };
}
