// The one reader of PEM files for TLS: certificates to trust, and the certificate and key of a client.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import { RefreshFailure } from '../refresh/failures.js';

/** Absolute paths of PEM files, read at each connection so that rotated ones are picked up. */
export interface TlsFiles {
  /** The authorities to trust instead of Node's own. */
  readonly caFile?: string;
  /** The certificate that the client presents; never without its key. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Node's own defaults, stated: NODE_OPTIONS can lower the one, NODE_TLS_REJECT_UNAUTHORIZED=0 the other. */
export const TLS_RULES = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const LOCKED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** What a file holds instead of what is expected. */
interface WrongText {
  readonly problem: string;
}

/** A private key that a passphrase locks. */
export const LOCKED: WrongText = { problem: 'a private key that is locked by a passphrase' };

/** The certificates in a text. Node silently accepts a text without any, and then trusts nothing. */
export function parseCertificates(text: string): { certificates: readonly X509Certificate[] } | WrongText {
  const certificates: X509Certificate[] = [];
  for (const pem of text.match(CERTIFICATE) ?? []) {
    try {
      certificates.push(new X509Certificate(pem));
    } catch {
      return { problem: `a broken certificate, number ${certificates.length + 1}` };
    }
  }
  return certificates.length === 0 ? { problem: 'no PEM certificate' } : { certificates };
}

/** The private key in a text. Node's error for one that it cannot read is dropped: it may quote the text. */
export function parsePrivateKey(text: string): { key: KeyObject } | WrongText {
  if (LOCKED_KEY.test(text)) return LOCKED;
  try {
    return { key: createPrivateKey(text) };
  } catch {
    return { problem: 'no PEM private key' };
  }
}

/** Whether a key is that of the first certificate; those of the authorities between may follow it. */
export function isPair([own]: readonly X509Certificate[], key: KeyObject): boolean {
  return own?.checkPrivateKey(key) ?? false;
}

/** @throws RefreshFailure ConfigInvalid when it cannot be read */
export function readCaFile(caFile: string): Buffer {
  return readBytes('caFile', caFile);
}

/**
 * Node's own authorities, those of NODE_EXTRA_CA_CERTS, and those of a CA file, as PEM.
 * @throws RefreshFailure ConfigInvalid when the content cannot be used
 */
export function parseCaFile(caFile: string, content: Buffer): string[] {
  const extra = process.env['NODE_EXTRA_CA_CERTS'];
  // Node adds these automatically only where no CAs are given.
  return [
    ...tls.rootCertificates,
    ...(extra ? readExtra(extra) : []),
    ...toPem(expectCertificates('caFile', caFile, content)),
  ];
}

/**
 * What a single connection trusts and presents.
 * @throws RefreshFailure ConfigInvalid when a file cannot be used
 */
export function readTlsContext({ caFile, certFile, keyFile }: TlsFiles): tls.SecureContext {
  const ca = caFile === undefined ? undefined : readCertificates('caFile', caFile);
  const cert = certFile === undefined ? undefined : readCertificates('certFile', certFile);
  const key = keyFile === undefined ? undefined : readPrivateKey(keyFile);
  // Half of the two may have been rotated, and the other half may be about to be.
  const mismatch = invalidFile('certFile', `${certFile} and keyFile ${keyFile} cannot be used together`);
  if (cert && key && !isPair(cert, key)) throw mismatch;
  try {
    return tls.createSecureContext({
      minVersion: TLS_RULES.minVersion,
      ...(ca && { ca: toPem(ca) }),
      ...(cert && { cert: toPem(cert).join('') }),
      ...(key && { key: key.export({ type: 'pkcs8', format: 'pem' }) }),
    });
  } catch {
    // OpenSSL rejects some of what Node can parse, a key that is too short for example.
    throw mismatch;
  }
}

function readCertificates(setting: 'caFile' | 'certFile', file: string): readonly X509Certificate[] {
  return expectCertificates(setting, file, readBytes(setting, file));
}

function expectCertificates(
  setting: 'caFile' | 'certFile',
  file: string,
  content: Buffer,
): readonly X509Certificate[] {
  const parsed = parseCertificates(content.toString());
  if ('certificates' in parsed) return parsed.certificates;
  throw invalidFile(setting, `${file} holds ${parsed.problem}`);
}

function readPrivateKey(file: string): KeyObject {
  const parsed = parsePrivateKey(readBytes('keyFile', file).toString());
  if ('key' in parsed) return parsed.key;
  throw invalidFile('keyFile', `${file} holds ${parsed.problem}`);
}

function readBytes(setting: keyof TlsFiles, file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch {
    throw invalidFile(setting, `${file} cannot be read`);
  }
}

function invalidFile(setting: keyof TlsFiles, problem: string): RefreshFailure {
  const remedy =
    setting === 'caFile'
      ? 'Name a PEM file with the certificates of the authorities.'
      : 'Fix the client certificate and its key: run `doctor --offline`, which shows what is wrong with them.';
  return new RefreshFailure('ConfigInvalid', `${setting} ${problem}`, remedy);
}

/** Node only warns about an invalid file and continues, and so does this. */
function readExtra(file: string): readonly string[] {
  try {
    const pems = fs.readFileSync(file, 'utf8').match(CERTIFICATE) ?? [];
    return pems.filter((pem) => 'certificates' in parseCertificates(pem));
  } catch {
    return [];
  }
}

function toPem(certificates: readonly X509Certificate[]): string[] {
  return certificates.map((certificate) => certificate.toString());
}
