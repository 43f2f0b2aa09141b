// Reads PEM files for TLS: CA certificates, client certificates and their keys.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import fs from 'node:fs';
import tls from 'node:tls';
import { RefreshFailure } from '../refresh/failures.js';
import { CONFIG_REMEDIES } from '../refresh/remedies/config.js';

/** Absolute paths of PEM files, read at each connection so that rotated ones are picked up. */
export interface TlsFiles {
  /** CAs to trust instead of Node's default CAs. */
  readonly caFile?: string;
  /** The client certificate; requires `keyFile`. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/**
 * Node's defaults, set explicitly: NODE_OPTIONS can lower the first, NODE_TLS_REJECT_UNAUTHORIZED=0 disables the
 * second.
 */
export const TLS_RULES = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;

/** Up to the end of the text if it is cut off, which also keeps the search fast in a text of many such lines. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?(?:-----END CERTIFICATE-----|$)/g;
const LOCKED_KEY = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** What the file contains instead of the expected content. */
interface WrongText {
  readonly problem: string;
}

export const LOCKED: WrongText = { problem: 'an encrypted private key' };

/** Node silently accepts a text without certificates, and then trusts no certificate. */
export function parseCertificates(text: string): { certificates: readonly X509Certificate[] } | WrongText {
  const certificates: X509Certificate[] = [];
  for (const pem of text.match(CERTIFICATE) ?? []) {
    try {
      certificates.push(new X509Certificate(pem));
    } catch {
      return { problem: `an invalid certificate (number ${certificates.length + 1} in the file)` };
    }
  }
  return certificates.length === 0 ? { problem: 'no PEM certificate' } : { certificates };
}

/** Drops Node's error for an invalid key: it may quote the text. */
export function parsePrivateKey(text: string): { key: KeyObject } | WrongText {
  if (LOCKED_KEY.test(text)) return LOCKED;
  try {
    return { key: createPrivateKey(text) };
  } catch {
    return { problem: 'no PEM private key' };
  }
}

/** Whether the key belongs to the first certificate; intermediate CA certificates may follow it. */
export function isPair([own]: readonly X509Certificate[], key: KeyObject): boolean {
  return own?.checkPrivateKey(key) ?? false;
}

/** @throws RefreshFailure ConfigInvalid when it cannot be read */
export function readCaFile(caFile: string): Buffer {
  return readBytes('caFile', caFile);
}

/** The certificates in a CA file, as PEM. @throws RefreshFailure ConfigInvalid when the content is invalid */
export function parseCaFile(caFile: string, content: Buffer): readonly string[] {
  return toPem(expectCertificates('caFile', caFile, content));
}

/**
 * The trusted CAs and the client certificate of a single connection.
 * @throws RefreshFailure ConfigInvalid when a file is invalid
 */
export function readTlsContext({ caFile, certFile, keyFile }: TlsFiles): tls.SecureContext {
  const ca = caFile === undefined ? undefined : readCertificates('caFile', caFile);
  const cert = certFile === undefined ? undefined : readCertificates('certFile', certFile);
  const key = keyFile === undefined ? undefined : readPrivateKey(keyFile);
  // A mismatch also occurs for a moment while a certificate and its key are being rotated.
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
    // OpenSSL rejects some keys and certificates that Node can parse, for example a key that is too short.
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
  throw invalidFile(setting, `${file} contains ${parsed.problem}`);
}

function readPrivateKey(file: string): KeyObject {
  const parsed = parsePrivateKey(readBytes('keyFile', file).toString());
  if ('key' in parsed) return parsed.key;
  throw invalidFile('keyFile', `${file} contains ${parsed.problem}`);
}

function readBytes(setting: keyof TlsFiles, file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch {
    throw invalidFile(setting, `${file} cannot be read`);
  }
}

function invalidFile(setting: keyof TlsFiles, problem: string): RefreshFailure {
  const { setCaFile, fixClientCertificate } = CONFIG_REMEDIES;
  const remedy = setting === 'caFile' ? setCaFile : fixClientCertificate;
  return new RefreshFailure('ConfigInvalid', `${setting} ${problem}`, remedy);
}

/** The valid certificates in a text, as PEM; others are ignored, as Node does apart from a warning. */
export function findPems(text: string): readonly string[] {
  return (text.match(CERTIFICATE) ?? []).filter((pem) => 'certificates' in parseCertificates(pem));
}

export function toPem(certificates: readonly X509Certificate[]): string[] {
  return certificates.map((certificate) => certificate.toString());
}
