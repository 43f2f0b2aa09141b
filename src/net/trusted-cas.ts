// The CAs that every TLS client of the process trusts: those of Node, and those that the conventions of other programs
// add. See docs/decisions/0044-trusted-certificate-authorities.md.
import fs from 'node:fs';
import tls from 'node:tls';
import { findPems, TLS_RULES } from './tls-files.js';

/** Since Node 22.15; the types of Node 20 do not have it. */
const { getCACertificates } = tls as typeof tls & {
  readonly getCACertificates?: (type: 'system') => readonly string[];
};

/** PEM files that these variables name; each adds to what Node trusts. Node reads the first one itself. */
const FILE_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'] as const;

interface Trust {
  /** The values of the variables. */
  readonly files: string;
  readonly cas: readonly string[];
  context?: tls.SecureContext;
}

let current: Trust | undefined;

/**
 * PEM certificates: Node's bundled CAs, those in NODE_EXTRA_CA_CERTS and SSL_CERT_FILE, and those of the operating
 * system where this Node can read them. Read once, as Node does; files that cannot be used are left out.
 */
export function readTrustedCas(): readonly string[] {
  return getTrust().cas;
}

/** A context that trusts them, created at the first connection: parsing them takes about 60 ms. */
export function getTrustedContext(): tls.SecureContext {
  const trust = getTrust();
  return (trust.context ??= tls.createSecureContext({
    ca: [...trust.cas],
    minVersion: TLS_RULES.minVersion,
  }));
}

function getTrust(): Trust {
  const files = JSON.stringify(FILE_VARIABLES.map((variable) => process.env[variable]));
  if (current?.files !== files) current = { files, cas: collect(process.env) };
  return current;
}

function collect(env: NodeJS.ProcessEnv): readonly string[] {
  const files = FILE_VARIABLES.flatMap((variable) => readPems(env[variable] ?? '') ?? []);
  return [...new Set([...tls.rootCertificates, ...files, ...(getCACertificates?.('system') ?? [])])];
}

/** Undefined if there is no file, or it cannot be read. */
function readPems(file: string): readonly string[] | undefined {
  try {
    return file === '' ? undefined : findPems(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

export interface TrustWarning {
  /** The variable. */
  readonly setting: string;
  /** Continues the name of the variable. */
  readonly message: string;
  readonly remedy: string;
}

/** Variables that have no effect. */
export function findTrustWarnings(env: NodeJS.ProcessEnv = process.env): readonly TrustWarning[] {
  const files = FILE_VARIABLES.flatMap((setting): TrustWarning[] => {
    const file = env[setting];
    if (!file) return [];
    const pems = readPems(file);
    if (pems && pems.length > 0) return [];
    return [
      {
        setting,
        message: `has no effect: ${file} ${pems ? 'contains no PEM certificate' : 'cannot be read'}`,
        remedy: `Set ${setting} to a PEM file with CA certificates, or unset it.`,
      },
    ];
  });
  return [...files, ...findOptions(env)];
}

const SET_FILE =
  'set SSL_CERT_FILE to the bundle of the operating system, such as /etc/ssl/certs/ca-certificates.crt.';

/** Options of Node that have no effect: on this Node, or because the CAs are given explicitly. */
function findOptions(env: NodeJS.ProcessEnv): readonly TrustWarning[] {
  const options = env['NODE_OPTIONS'] ?? '';
  const ofOpenssl = {
    setting: 'NODE_OPTIONS',
    message: 'has no effect with --use-openssl-ca',
    remedy: `Instead, ${SET_FILE}`,
  };
  const ofSystem = {
    setting: 'NODE_USE_SYSTEM_CA',
    message: `has no effect: Node ${process.versions.node} cannot read the CAs of the operating system`,
    remedy: `Use Node 22.15 or later, or ${SET_FILE}`,
  };
  return [
    ...(/--use-openssl-ca\b/.test(options) && !env['SSL_CERT_FILE'] ? [ofOpenssl] : []),
    ...(env['NODE_USE_SYSTEM_CA'] === '1' && !getCACertificates ? [ofSystem] : []),
  ];
}
