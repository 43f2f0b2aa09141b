// Owns the check of PEM files that connections by TLS need: certificates, and private keys.
// Refuses files that hold none, or one that Node could not read: the first request would fail, and not say why.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';

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
  const file = JSON.stringify(path);
  const pems = reading.text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (pems.length === 0) return { message: `file ${file} holds no PEM certificate`, remedy: remedies.wrong };
  const certificates = pems.map(parseCertificate);
  const broken = certificates.indexOf(undefined);
  if (broken === -1) {
    return { path: reading.path, certificates: certificates.filter((parsed) => parsed !== undefined) };
  }
  return {
    message: `file ${file} holds a broken certificate, number ${broken + 1}`,
    remedy: remedies.wrong,
  };
}

/** The absolute path of a file with a private key and that key, or what is wrong with it. */
export function readKeyFile(path: string, folder: string, remedies: PemRemedies): KeyFile | UrlProblem {
  const reading = readPem(path, folder, remedies);
  if (!('text' in reading)) return reading;
  const file = JSON.stringify(path);
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(reading.text)) {
    return {
      message: `file ${file} holds a private key that is locked by a passphrase`,
      remedy: 'Unlock it: `openssl pkey -in locked.pem -out key.pem`, and `chmod 600` on the new file.',
    };
  }
  const key = parseKey(reading.text);
  if (!key) return { message: `file ${file} holds no PEM private key`, remedy: remedies.wrong };
  return { path: reading.path, key, isReadableByAll: reading.isReadableByAll };
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

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** The error is dropped: what it says of a key is nobody's business. */
function parseKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}
