// Owns the certificates of the authorities that a PEM file adds to Node's own. Refuses a file without any: Node would
// take it silently, and then trust nobody that it was meant for.
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import { NetworkError } from './network-error.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * Node's own authorities, those of NODE_EXTRA_CA_CERTS, and those of the file.
 * @throws NetworkError `ca-file-unreadable`, `ca-file-empty`, `ca-file-corrupt`
 */
export function readCaCertificates(caFile: string): readonly string[] {
  const extra = process.env['NODE_EXTRA_CA_CERTS'];
  // Node adds these by itself only where no authorities are given.
  return [...tls.rootCertificates, ...(extra ? readExtra(extra) : []), ...readCaFileCertificates(caFile)];
}

/**
 * Those of the file alone.
 * @throws NetworkError `ca-file-unreadable`, `ca-file-empty`, `ca-file-corrupt`
 */
export function readCaFileCertificates(caFile: string): readonly string[] {
  let text: string;
  try {
    text = fs.readFileSync(caFile, 'utf8');
  } catch {
    throw new NetworkError('ca-file-unreadable', { file: caFile });
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) throw new NetworkError('ca-file-empty', { file: caFile });
  for (const [index, pem] of certificates.entries()) {
    if (isCertificate(pem)) continue;
    throw new NetworkError('ca-file-corrupt', { file: caFile, certificate: index + 1 });
  }
  return certificates;
}

/** Node warns of a wrong file and goes on; so do we. */
function readExtra(file: string): readonly string[] {
  try {
    return (fs.readFileSync(file, 'utf8').match(CERTIFICATE) ?? []).filter(isCertificate);
  } catch {
    return [];
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
