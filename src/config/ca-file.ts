// Owns the check of a file with certificates of authorities.
// Refuses files that hold none, or one that Node could not read: the first request would fail, and not say why.
import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';

import type { AddressFault } from './addresses.js';
import { remedyForMissing } from './references.js';
import { readTextFile } from './text-file.js';

/** A bundle with every public authority has about a quarter of this. */
const MAX_KIB = 1024;
const REMEDY = 'Name a PEM file with the certificate of the authority: `-----BEGIN CERTIFICATE-----`.';

/** The absolute path of a file of certificates, or what is wrong with it. */
export function readCaFile(path: string, folder: string): { readonly path: string } | AddressFault {
  const absolute = resolve(folder, path);
  const file = JSON.stringify(path);
  const reading = readTextFile(absolute, MAX_KIB);
  if ('missing' in reading) {
    return { message: `there is no file ${file}`, remedy: remedyForMissing(path) };
  }
  if ('message' in reading) {
    return { message: `file ${file} ${reading.message}`, remedy: reading.remedy ?? REMEDY };
  }
  const certificates = reading.text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return { message: `file ${file} holds no PEM certificate`, remedy: REMEDY };
  const broken = certificates.findIndex((certificate) => !isCertificate(certificate));
  if (broken === -1) return { path: absolute };
  return { message: `file ${file} holds a broken certificate, number ${broken + 1}`, remedy: REMEDY };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
