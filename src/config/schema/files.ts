// Settings that are paths, and the check of the PEM files that TLS needs: with a wrong one the first connection would fail
// without the reason.
import { z } from 'zod';
import { LOCKED, parseCertificates, parsePrivateKey, readTlsContext } from '../../net/tls-files.js';
import type { Fault } from '../config-error.js';
import type { ConfigFolder } from '../config-folder.js';
import { convert } from './checks.js';

/** A bundle with every public CA has about a quarter of this. */
const MAX_KIB = 1024;
const LONGEST_PATH = 4096;

/** The absolute path of a file, whose text is checked. @param remedy for a file that is not the right one */
function fileSetting(
  folder: ConfigFolder,
  maxKiB: number,
  remedy: string,
  check: (text: string) => Fault | undefined,
) {
  return z
    .string()
    .min(1)
    .max(LONGEST_PATH)
    .transform(
      convert((setting) => {
        const reading = folder.read(setting, maxKiB);
        if ('code' in reading) return { remedy, ...reading };
        const fault = check(reading.text);
        if (!fault) return { result: folder.resolve(setting) };
        return { remedy, ...fault, message: `file ${JSON.stringify(setting)} ${fault.message}` };
      }),
    );
}

/** A file with a secret that something else reads. */
export function secretFile(folder: ConfigFolder) {
  return fileSetting(folder, 64, 'Name a file that contains only the token.', (text) =>
    text.trim() === ''
      ? { code: 'unreadable', message: 'is empty', remedy: 'Write the token into it.' }
      : undefined,
  );
}

/** A PEM file with one or more certificates. */
export function certificateFile(folder: ConfigFolder, whose: string) {
  const remedy = `Name a PEM file with the certificate of ${whose}: \`-----BEGIN CERTIFICATE-----\`.`;
  return fileSetting(folder, MAX_KIB, remedy, (text) => {
    const parsed = parseCertificates(text);
    return 'problem' in parsed ? { code: 'wrong-content', message: `contains ${parsed.problem}` } : undefined;
  });
}

/** A PEM file with a private key that no passphrase protects. */
export function keyFile(folder: ConfigFolder) {
  const remedy =
    'Name a PEM file with the private key of the client certificate: `-----BEGIN PRIVATE KEY-----`.';
  return fileSetting(folder, MAX_KIB, remedy, (text) => {
    const parsed = parsePrivateKey(text);
    if (!('problem' in parsed)) return undefined;
    const unlock = 'Decrypt it: `openssl pkey -in encrypted.pem -out key.pem`, and `chmod 600` the new file.';
    return {
      code: 'wrong-content',
      message: `contains ${parsed.problem}`,
      ...(parsed === LOCKED && { remedy: unlock }),
    };
  });
}

/** What is wrong with a client certificate and a key that are each valid. */
export function checkPair(certFile: string, keyPath: string): Fault | undefined {
  try {
    readTlsContext({ certFile, keyFile: keyPath });
    return undefined;
  } catch {
    return {
      code: 'mismatch',
      message: 'does not match the certificate in `certFile`',
      remedy: 'Use a certificate and a key that were created together.',
    };
  }
}
