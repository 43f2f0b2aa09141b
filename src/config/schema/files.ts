// Settings that are paths, and checks of PEM files for TLS: with an invalid file, the first connection would fail
// without a clear reason.
import { z } from 'zod';
import { LOCKED, parseCertificates, parsePrivateKey, readTlsContext } from '../../net/tls-files.js';
import type { Fault } from '../config-error.js';
import type { ConfigFolder } from '../config-folder.js';
import { convert } from './checks.js';

/** A bundle with all public CAs has about a quarter of this size. */
const MAX_KIB = 1024;
const LONGEST_PATH = 4096;

/** The absolute path of a file whose text is checked. @param remedy for a file with the wrong content */
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

/** A file with a secret that the AWS SDK reads. */
export function secretFile(folder: ConfigFolder) {
  return fileSetting(folder, 64, 'Use a file that contains only the token.', (text) =>
    text.trim() === ''
      ? { code: 'unreadable', message: 'is empty', remedy: 'Write the token into the file.' }
      : undefined,
  );
}

/** A PEM file with one or more certificates. */
export function certificateFile(folder: ConfigFolder, content: string) {
  const remedy = `Use a PEM file with the ${content} (\`-----BEGIN CERTIFICATE-----\`).`;
  return fileSetting(folder, MAX_KIB, remedy, (text) => {
    const parsed = parseCertificates(text);
    return 'problem' in parsed ? { code: 'wrong-content', message: `contains ${parsed.problem}` } : undefined;
  });
}

/** A PEM file with an unencrypted private key. */
export function keyFile(folder: ConfigFolder) {
  const remedy =
    'Use a PEM file with the private key of the client certificate (`-----BEGIN PRIVATE KEY-----`).';
  return fileSetting(folder, MAX_KIB, remedy, (text) => {
    const parsed = parsePrivateKey(text);
    if (!('problem' in parsed)) return undefined;
    const unlock =
      'Decrypt the key with `openssl pkey -in encrypted.pem -out key.pem`, and run `chmod 600` on the new file.';
    return {
      code: 'wrong-content',
      message: `contains ${parsed.problem}`,
      ...(parsed === LOCKED && { remedy: unlock }),
    };
  });
}

/** Whether a valid client certificate and a valid key belong together. */
export function checkPair(certFile: string, keyPath: string): Fault | undefined {
  try {
    readTlsContext({ certFile, keyFile: keyPath });
    return undefined;
  } catch {
    return {
      code: 'mismatch',
      message: 'does not match the certificate in `certFile`',
      remedy: 'Use the private key of that certificate.',
    };
  }
}
