// TLS: whether it is used, and the certificates for it, checked before anything is contacted.
import type { KeyObject, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { isPair, toPem } from '../../net/tls-files.js';
import { formatTime } from '../../refresh/format-time.js';
import { isHostName } from './parse-address.js';
import { readCertificates, readPrivateKey } from './read-pem.js';
import type { SettingReport } from './setting-report.js';
import { findText, type SettingSources } from './setting-sources.js';
import { parseBoolean } from './setting-values.js';
import type { TemporalTls } from './temporal-settings.js';
import { readVariable, TEMPORAL_SETTINGS, type TextSettingName } from './temporal-variables.js';

export interface TlsOff {
  /** The setting that turns it off; undefined: nothing turns it on. */
  readonly offBy: string | undefined;
}

const PART_OF_TLS = [
  'clientCertPath',
  'clientCertData',
  'clientKeyPath',
  'clientKeyData',
  'serverCaPath',
  'serverCaData',
  'serverName',
] as const satisfies readonly TextSettingName[];

/** @param hasApiKey turns TLS on unless a setting turns it off */
export function readTls(
  sources: SettingSources,
  hasApiKey: boolean,
  now: Date,
  report: SettingReport,
): TemporalTls | TlsOff {
  const toggle = readSwitch(sources, report);
  const parts = PART_OF_TLS.flatMap((name) => findText(sources, name) ?? []);
  if (toggle?.isOn === false) {
    // Also of the CA and the name: who sets them believes that the server is verified.
    for (const { setting } of parts) {
      report.addProblem(
        setting,
        `has no effect, because ${toggle.setting} turns TLS off`,
        'Remove one of the two.',
      );
    }
    return { offBy: toggle.setting };
  }
  const isOn = toggle !== undefined || hasApiKey || parts.length > 0 || sources.profile.hasTls;
  if (!isOn) return { offBy: undefined };
  return {
    client: readClient(sources, now, report),
    ca: readServerCa(sources, now, report),
    serverName: readServerName(sources, report),
  };
}

/** An invalid value counts as on: it is reported, and what TLS needs is checked as well. */
function readSwitch(
  { env, profile }: SettingSources,
  report: SettingReport,
): { readonly isOn: boolean; readonly setting: string } | undefined {
  const { variable, key } = TEMPORAL_SETTINGS.tls;
  const value = readVariable(env, variable);
  if (value === undefined) {
    const { disablesTls } = profile;
    return disablesTls === undefined ? undefined : { isOn: !disablesTls, setting: profile.toSetting(key) };
  }
  const isOn = parseBoolean(value);
  if (isOn === undefined)
    report.addProblem(variable, 'is neither true nor false', 'Set it to true or false.');
  return { isOn: isOn ?? true, setting: variable };
}

function readServerName(sources: SettingSources, report: SettingReport): string | undefined {
  const name = findText(sources, 'serverName');
  if (name === undefined || isHostName(name.value)) return name?.value;
  const remedy = 'Set it to the name in the certificate of the server, without scheme and port.';
  return report.addProblem(name.setting, 'is not a valid host name', remedy);
}

function readServerCa(sources: SettingSources, now: Date, report: SettingReport): string | undefined {
  const ca = readCertificates(sources, 'serverCaPath', report);
  if (!ca?.content) return undefined;
  // Bundles contain expired CAs; only if all are, no server is accepted.
  const faults = ca.content.map((certificate) => describeExpiry(certificate, now));
  if (faults.every((fault) => fault !== undefined)) {
    report.addWarning(ca.setting, `contains a CA that ${faults[0]}`, 'Replace it with a valid CA.');
  }
  return toPem(ca.content).join('');
}

function readClient(sources: SettingSources, now: Date, report: SettingReport): TemporalTls['client'] {
  const cert = readCertificates(sources, 'clientCertPath', report);
  const key = readPrivateKey(sources, 'clientKeyPath', report);
  if (cert && !key) {
    const remedy = `Set ${TEMPORAL_SETTINGS.clientKeyPath.variable} to the key of this certificate.`;
    return report.addProblem(cert.setting, 'is set without the key of the certificate', remedy);
  }
  if (key && !cert) {
    const remedy = `Set ${TEMPORAL_SETTINGS.clientCertPath.variable} to the certificate of this key.`;
    return report.addProblem(key.setting, 'is set without the certificate of the key', remedy);
  }
  if (!cert?.content || !key?.content) return undefined;
  return checkClient({ ...cert, content: cert.content }, { ...key, content: key.content }, now, report);
}

function checkClient(
  cert: { readonly setting: string; readonly content: readonly X509Certificate[] },
  key: { readonly setting: string; readonly content: KeyObject },
  now: Date,
  report: SettingReport,
): TemporalTls['client'] {
  if (!isPair(cert.content, key.content)) {
    const remedy = 'Set both to the same pair. No action is needed while the files are being replaced.';
    return report.addProblem(key.setting, `does not match the certificate in ${cert.setting}`, remedy);
  }
  if (!isSupported(key.content)) {
    const remedy = 'Use a pair with a key of RSA (2048 to 4096 bits), EC (P-256 or P-384) or Ed25519.';
    return report.addProblem(key.setting, 'contains a key of a type that the worker cannot use', remedy);
  }
  if (cert.content[0] && !hasVersion3(cert.content[0])) {
    const remedy = 'Use a certificate of X.509 version 3.';
    return report.addProblem(cert.setting, 'contains a certificate of an old version of X.509', remedy);
  }
  const pem = {
    cert: toPem(cert.content).join(''),
    key: key.content.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  try {
    tls.createSecureContext(pem);
  } catch {
    // OpenSSL rejects some that Node can parse, such as a signature with an old algorithm.
    return report.addProblem(
      cert.setting,
      'is rejected by OpenSSL',
      'Use a certificate with a current algorithm.',
    );
  }
  const fault = cert.content[0] && describeExpiry(cert.content[0], now);
  if (fault !== undefined) {
    report.addWarning(cert.setting, `contains a certificate that ${fault}`, 'Replace certificate and key.');
  }
  return pem;
}

function describeExpiry({ validFrom, validTo }: X509Certificate, now: Date): string | undefined {
  const [from, to] = [new Date(validFrom), new Date(validTo)];
  if (to < now) return `expired at ${formatTime(to)}`;
  return from > now ? `is not valid before ${formatTime(from)}` : undefined;
}

/** By the TLS library of the worker, which supports fewer keys than OpenSSL. */
function isSupported({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === 'ec') return ['prime256v1', 'secp384r1'].includes(details?.namedCurve ?? '');
  const bits = details?.modulusLength ?? 0;
  return type === 'ed25519' || (type === 'rsa' && bits >= 2048 && bits <= 4096);
}

/** Version 1 has no version field: the library of the worker rejects it. */
function hasVersion3({ raw }: X509Certificate): boolean {
  // The certificate is a sequence that begins with a sequence, which begins with the version: [0] { INTEGER 2 }.
  const start = skipHeader(raw, skipHeader(raw, 0));
  return raw.subarray(start, start + 5).equals(Buffer.from([0xa0, 3, 2, 1, 2]));
}

function skipHeader(der: Buffer, offset: number): number {
  const length = der[offset + 1] ?? 0;
  return offset + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
