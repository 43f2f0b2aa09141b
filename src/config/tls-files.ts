// Owns the files by which worker and Docker Engine know each other: authority, certificate and key.
// Refuses a certificate without its key, and a key that is another's: the engine's own answer would not say so.
import { isPair, type TlsFiles } from '../net/tls-files.js';
import type { UrlProblem } from './urls.js';
import { readCaFile } from './ca-file.js';
import { readCertificateFile, readKeyFile } from './pem-file.js';
import type { SettingPath } from './config-error.js';
import { reportUrlProblem, type Resolution } from './resolve-values.js';

export type TlsFile = keyof TlsFiles;
export const TLS_FILES = ['caFile', 'certFile', 'keyFile'] as const satisfies readonly TlsFile[];

/** The files as they are written. */
export type TlsSettings = { readonly [file in TlsFile]?: string | undefined };

/** Where the files are looked for, and where their faults are reported. */
export interface TlsPlace {
  readonly folder: string;
  at(file: TlsFile): SettingPath;
  /** What to do about a file that is not there, unless the configuration names it. */
  readonly remedyIfMissing?: string;
}

const CERT_REMEDY =
  'Name a PEM file with the client certificate of this worker: `-----BEGIN CERTIFICATE-----`.';
const KEY_REMEDY =
  'Name a PEM file with the private key of the client certificate: `-----BEGIN PRIVATE KEY-----`.';

/** The files by their absolute paths; those with faults, all reported, are left out. */
export function resolveTlsFiles(files: TlsSettings, place: TlsPlace, resolution: Resolution): TlsFiles {
  reportHalf(files, place, resolution);
  const { folder, remedyIfMissing } = place;
  const missing = remedyIfMissing === undefined ? {} : { missing: remedyIfMissing };
  /** Reports what is wrong with a file that is named. */
  function check<T extends object>(file: TlsFile, read: (path: string) => T | UrlProblem): T | undefined {
    const path = files[file];
    const reading = path === undefined ? undefined : read(path);
    if (!reading || !('message' in reading)) return reading;
    return reportUrlProblem(reading, place.at(file), resolution);
  }
  const ca = check('caFile', (path) => readCaFile(path, folder, remedyIfMissing));
  const cert = check('certFile', (path) =>
    readCertificateFile(path, folder, { wrong: CERT_REMEDY, ...missing }),
  );
  const key = check('keyFile', (path) => readKeyFile(path, folder, { wrong: KEY_REMEDY, ...missing }));
  if (key?.isReadableByAll) warnOfReaders(files, place, resolution);
  const pair =
    cert && key && isPair(cert.certificates, key.key)
      ? { certFile: cert.path, keyFile: key.path }
      : undefined;
  if (cert && key && !pair) reportStrangers(files, place, resolution);
  return { ...(ca ? { caFile: ca.path } : {}), ...pair };
}

function reportHalf({ certFile, keyFile }: TlsSettings, place: TlsPlace, { report }: Resolution): void {
  if (certFile !== undefined && keyFile === undefined) {
    const remedy = 'Name its private key by `keyFile`, or remove it.';
    report(place.at('certFile'), 'stands without `keyFile`', remedy);
  }
  if (keyFile !== undefined && certFile === undefined) {
    const remedy = 'Name its certificate by `certFile`, or remove it.';
    report(place.at('keyFile'), 'stands without `certFile`', remedy);
  }
}

function warnOfReaders({ keyFile }: TlsSettings, place: TlsPlace, { warn }: Resolution): void {
  warn(
    place.at('keyFile'),
    `file ${JSON.stringify(keyFile)} may be read by every user of this machine`,
    'Run `chmod o-r` on it; in Kubernetes set `defaultMode: 0400` on the volume.',
  );
}

function reportStrangers(files: TlsSettings, place: TlsPlace, { report }: Resolution): void {
  const [key, certificate] = [files.keyFile, files.certFile].map((path) => JSON.stringify(path));
  report(
    place.at('keyFile'),
    `file ${key} holds the key of another certificate than that in ${certificate}`,
    'Name a certificate and a key that were made together.',
  );
}
