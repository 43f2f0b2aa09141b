// Owns the check of a file with certificates of authorities.
// Refuses what no connection by TLS could use: see the check of PEM files.
import type { UrlProblem } from './urls.js';
import { readCertificateFile } from './pem-file.js';

export const CA_FILE_REMEDY =
  'Name a PEM file with the certificate of the authority: `-----BEGIN CERTIFICATE-----`.';

/** The absolute path of a file of certificates, or what is wrong with it. */
export function readCaFile(
  path: string,
  folder: string,
  missing?: string,
): { readonly path: string } | UrlProblem {
  const remedies = { wrong: CA_FILE_REMEDY, ...(missing === undefined ? {} : { missing }) };
  const reading = readCertificateFile(path, folder, remedies);
  return 'path' in reading ? { path: reading.path } : reading;
}
