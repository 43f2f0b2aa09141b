// Owns how the worker speaks TLS to a Docker Engine: whom it trusts, and what it shows of itself.
// Refuses to speak without verifying the engine, whatever the environment says, and to keep files that may be rotated.
import fs from 'node:fs';
import tls from 'node:tls';
import { RefreshFailure } from '../../refresh/failures.js';
import { readCaFileCertificates } from '../../net/ca-certificates.js';
import { NetworkError } from '../../net/network-error.js';

/** Absolute paths of PEM files. */
export interface EngineTls {
  /** The authorities to trust instead of Node's own. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Node's own defaults, stated: NODE_OPTIONS can lower the one, NODE_TLS_REJECT_UNAUTHORIZED=0 the other. */
const TLS_RULES = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;

/**
 * What a single connection goes by.
 * @throws RefreshFailure ConfigInvalid when a file cannot be used any more
 */
export function readTlsRules(files: EngineTls): tls.ConnectionOptions {
  return { ...TLS_RULES, secureContext: readContext(files) };
}

function readContext({ caFile, certFile, keyFile }: EngineTls): tls.SecureContext {
  const options: tls.SecureContextOptions = {
    minVersion: TLS_RULES.minVersion,
    ...(caFile === undefined ? {} : { ca: readAuthorities(caFile) }),
    ...(certFile === undefined ? {} : { cert: readFile('certFile', certFile) }),
    ...(keyFile === undefined ? {} : { key: readFile('keyFile', keyFile) }),
  };
  try {
    return tls.createSecureContext(options);
  } catch {
    // Half of the two may have been rotated, and the other half may be about to be.
    throw refusal(`certFile ${certFile} and keyFile ${keyFile} are no certificate and key that fit together`);
  }
}

function readAuthorities(caFile: string): string[] {
  try {
    return [...readCaFileCertificates(caFile)];
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new RefreshFailure('ConfigInvalid', error.message, error.remedy);
  }
}

function readFile(setting: string, path: string): Buffer {
  try {
    return fs.readFileSync(path);
  } catch {
    throw refusal(`${setting} ${path} cannot be read`);
  }
}

function refusal(message: string): RefreshFailure {
  return new RefreshFailure(
    'ConfigInvalid',
    message,
    'Mend the client certificate of the Docker Engine: run `doctor --offline`, which says what is wrong with it.',
  );
}
