// A CA for TLS servers and clients in tests, created with openssl. It is valid for two days and not added to any trust
// store.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../sandbox/executables.js';
import { runCommand } from '../../sandbox/run-command.js';

/** A certificate and its key, as PEM and as files. */
export interface Certificate {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

export interface CertificateAuthority {
  caFile: string;
  /** Issues a certificate for host names (wildcards allowed) and IP addresses. */
  issueServer(names: readonly string[]): Promise<Certificate>;
  /** Issues a client certificate. */
  issueClient(name: string): Promise<Certificate>;
}

const DAYS = '2';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/**
 * Creates a CA with its files in a folder.
 * @throws Error with a fix when openssl is missing
 */
export async function createCertificateAuthority(folder: string): Promise<CertificateAuthority> {
  if (findOnPath(['openssl']) === undefined) {
    throw new Error(
      'openssl is required to create certificates. Fix: Install openssl (Debian: apt-get install openssl).',
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const caFile = join(folder, 'ca.pem');
  const caKey = join(folder, 'ca-key.pem');
  await makeCertificate(caFile, caKey, 'airflow-ecr-refresh sandbox authority', [
    ...extension('basicConstraints=critical,CA:TRUE'),
    ...extension('keyUsage=critical,keyCertSign,cRLSign'),
  ]);

  async function issue(name: string, extensions: readonly string[]): Promise<Certificate> {
    const base = join(folder, randomBytes(6).toString('hex'));
    const [certFile, keyFile] = [`${base}.pem`, `${base}-key.pem`];
    const added = ['basicConstraints=critical,CA:FALSE', ...extensions].flatMap(extension);
    await makeCertificate(certFile, keyFile, name, ['-CA', caFile, '-CAkey', caKey, ...added]);
    return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  }

  return {
    caFile,
    issueServer: (names) =>
      issue('server', [
        `subjectAltName=${names.map(alternativeName).join(',')}`,
        'extendedKeyUsage=serverAuth',
      ]),
    issueClient: (name) => issue(name, ['extendedKeyUsage=clientAuth']),
  };
}

async function makeCertificate(
  certFile: string,
  keyFile: string,
  name: string,
  options: readonly string[],
): Promise<void> {
  const files = ['-keyout', keyFile, '-out', certFile, '-days', DAYS, '-subj', `/CN=${name}`];
  // The machine's openssl.cnf could add extensions.
  await runCommand('openssl', ['req', '-x509', '-config', '/dev/null', ...NEW_KEY, ...files, ...options]);
}

function extension(text: string): string[] {
  return ['-addext', text];
}

function alternativeName(name: string): string {
  return /^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`;
}
