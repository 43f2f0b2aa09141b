// Certificates and keys from a file or from the value of a setting. What it returns is PEM written by Node, which
// OpenSSL and the TLS library of the worker both read, whatever line breaks and blanks the original has.
import type { KeyObject, X509Certificate } from 'node:crypto';
import { LOCKED, parseCertificates, parsePrivateKey } from '../../net/tls-files.js';
import { readSettingFile } from './setting-file.js';
import type { SettingReport } from './setting-report.js';
import { findInEnv, findInProfile, type SettingSources } from './setting-sources.js';
import type { SettingText, TextSettingName } from './temporal-variables.js';

/** `content` is undefined after a problem. */
export interface Pem<T> {
  readonly setting: string;
  readonly content: T | undefined;
}

type PemSource =
  (SettingText & { readonly isPath: boolean }) | { readonly setting: string; readonly isConflict: true };
type PathName = Extract<TextSettingName, `${string}Path`>;
type PemKind = 'certificate' | 'private key';

const MAX_KIB = 1024;
const BASE64_OF_PEM = /^\s*LS0tLS1CRUdJTi/;

/** undefined if the setting is not set. */
export function readCertificates(
  sources: SettingSources,
  path: PathName,
  report: SettingReport,
): Pem<readonly X509Certificate[]> | undefined {
  return readPem(sources, path, 'certificate', report, (text) => {
    const parsed = parseOnce(path, text);
    return 'certificates' in parsed ? { content: parsed.certificates } : parsed;
  });
}

/** undefined if the setting is not set. */
export function readPrivateKey(
  sources: SettingSources,
  path: PathName,
  report: SettingReport,
): Pem<KeyObject> | undefined {
  return readPem(sources, path, 'private key', report, (text) => {
    const parsed = parsePrivateKey(text);
    return 'key' in parsed ? { content: parsed.key } : parsed;
  });
}

/** A worker reads its settings again and again, and 150 CAs take 50 ms. Certificates are not secret. */
const lastParsed = new Map<
  PathName,
  { readonly text: string; readonly parsed: ReturnType<typeof parseCertificates> }
>();

function parseOnce(path: PathName, text: string): ReturnType<typeof parseCertificates> {
  const last = lastParsed.get(path);
  if (last?.text === text) return last.parsed;
  const parsed = parseCertificates(text);
  if ('certificates' in parsed) lastParsed.set(path, { text, parsed });
  return parsed;
}

function readPem<T>(
  sources: SettingSources,
  path: PathName,
  kind: PemKind,
  report: SettingReport,
  parse: (text: string) => { readonly content: T } | { readonly problem: string },
): Pem<T> | undefined {
  const source = findSource(sources, path, report);
  if (source === undefined) return undefined;
  const { setting } = source;
  if ('isConflict' in source) return { setting, content: undefined };
  const text = source.isPath ? readFile(source, kind, report) : source.value;
  if (text === undefined) return { setting, content: undefined };
  const parsed = parse(normalizePem(text));
  if ('content' in parsed) return { setting, content: parsed.content };
  const { message, remedy } = describeFault(text, kind, parsed.problem, source.isPath);
  report.addProblem(setting, message, remedy);
  return { setting, content: undefined };
}

/** The file or the text, never both from the same source; a variable replaces both in temporal.toml. */
function findSource(sources: SettingSources, path: PathName, report: SettingReport): PemSource | undefined {
  const data = path.replace(/Path$/, 'Data') as TextSettingName;
  for (const find of [findInEnv, findInProfile]) {
    const [file, text] = [find(sources, path), find(sources, data)];
    if (file && text) {
      report.addProblem(text.setting, `cannot be combined with ${file.setting}`, 'Remove one of the two.');
      return { setting: file.setting, isConflict: true };
    }
    if (file) return { ...file, isPath: true };
    if (text) return { ...text, isPath: false };
  }
  return undefined;
}

function readFile({ setting, value }: SettingText, kind: PemKind, report: SettingReport): string | undefined {
  if (value.includes('-----BEGIN')) {
    return report.addProblem(
      setting,
      'contains PEM instead of a path',
      'Use the setting that ends with DATA for it.',
    );
  }
  const content = readSettingFile(value, MAX_KIB);
  if ('text' in content) return content.text;
  const remedy = content.remedy ?? `Set it to the path of a PEM file with the ${kind}.`;
  return report.addProblem(setting, `names a path that ${content.message}`, remedy);
}

/** Blanks at the ends of lines, as indented YAML leaves them, and carriage returns. */
function normalizePem(text: string): string {
  return text.replace(/^\uFEFF/, '').replaceAll(/^[ \t]+|[ \t\r]+$/gm, '');
}

/** The typical mistakes; otherwise what the parser has found. */
function describeFault(
  text: string,
  kind: PemKind,
  problem: string,
  isPath: boolean,
): { readonly message: string; readonly remedy: string } {
  const setPem = isPath
    ? `Set it to the path of a PEM file with the ${kind}.`
    : `Set it to the ${kind} as PEM.`;
  if (problem === LOCKED.problem) {
    const remedy = 'Set it to a key without a passphrase: `openssl pkey -in KEY -out DECRYPTED` creates one.';
    return { message: `contains ${problem}`, remedy };
  }
  if (text.trim() === '') return { message: isPath ? 'names an empty file' : 'is empty', remedy: setPem };
  if (BASE64_OF_PEM.test(text)) {
    return { message: 'contains PEM that is encoded as Base64 once more', remedy: 'Decode it once.' };
  }
  if (text.includes('-----BEGIN') && text.includes('\\n')) {
    return { message: 'contains \\n as two characters', remedy: 'Replace each \\n with a line break.' };
  }
  const [isCertificate, isKey] = [/-----BEGIN CERTIFICATE-----/, /-----BEGIN [A-Z ]*PRIVATE KEY-----/].map(
    (begin) => begin.test(text),
  );
  if (kind === 'certificate' && isKey && !isCertificate) {
    return { message: 'contains a private key instead of a certificate', remedy: setPem };
  }
  if (kind === 'private key' && isCertificate && !isKey) {
    return { message: 'contains a certificate instead of a private key', remedy: setPem };
  }
  const remedy =
    isPath || text.includes('-----BEGIN')
      ? setPem
      : `${setPem} Use the setting that ends with PATH for a path.`;
  return { message: `contains ${problem}`, remedy };
}
