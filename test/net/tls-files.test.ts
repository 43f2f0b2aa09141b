import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { readTlsContext, type TlsFiles } from '../../src/net/tls-files.js';
import { EXPIRED, SELF_SIGNED } from '../support/self-signed.js';

const PASSPHRASE = 'passphrase-that-must-not-show';
const DAMAGED = SELF_SIGNED.cert.replace('MIIBk', 'AAAAA');

function rsaKey(passphrase?: string): string {
  const encryption = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption }).toString();
}

describe('readTlsContext', () => {
  let folder: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-files-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** Writes three valid files, or the given texts; `null` writes no file. */
  function writeFiles(texts: {
    readonly [name in 'ca' | 'cert' | 'key']?: string | null;
  }): Required<TlsFiles> {
    const all = { ca: SELF_SIGNED.cert, cert: SELF_SIGNED.cert, key: SELF_SIGNED.key, ...texts };
    const toPath = (name: string): string => path.join(folder, `${name}.pem`);
    for (const [name, text] of Object.entries(all)) if (text !== null) fs.writeFileSync(toPath(name), text);
    return { caFile: toPath('ca'), certFile: toPath('cert'), keyFile: toPath('key') };
  }

  it('accepts CA and client certificate, alone or together, and a chain with comments', () => {
    const { caFile, certFile, keyFile } = writeFiles({
      cert: `# client\n${SELF_SIGNED.cert}# issuer\n${EXPIRED.cert}`,
    });
    for (const files of [{}, { caFile }, { certFile, keyFile }, { caFile, certFile, keyFile }]) {
      assert.ok(readTlsContext(files));
    }
  });

  const cases: readonly {
    readonly title: string;
    readonly texts: Parameters<typeof writeFiles>[0];
    readonly words: RegExp;
  }[] = [
    {
      title: 'a missing CA file',
      texts: { ca: null },
      words: /^caFile .*ca\.pem cannot be read$/,
    },
    {
      title: 'an empty CA file',
      texts: { ca: '' },
      words: /^caFile .*contains no PEM certificate$/,
    },
    {
      title: 'a damaged CA',
      texts: { ca: `${SELF_SIGNED.cert}${DAMAGED}` },
      words: /^caFile .* contains an invalid certificate \(number 2 in the file\)$/,
    },
    {
      title: 'a truncated certificate before another',
      texts: { ca: `${SELF_SIGNED.cert.slice(0, 200)}\n${SELF_SIGNED.cert}` },
      words: /^caFile .* contains an invalid certificate \(number 1 in the file\)$/,
    },
    {
      title: 'a missing certificate file',
      texts: { cert: null },
      words: /^certFile .*cert\.pem cannot be read$/,
    },
    {
      title: 'a key instead of a certificate',
      texts: { cert: SELF_SIGNED.key },
      words: /^certFile .*contains no PEM certificate$/,
    },
    {
      title: 'a damaged certificate',
      texts: { cert: DAMAGED },
      words: /^certFile .* contains an invalid certificate \(number 1 in the file\)$/,
    },
    {
      title: 'a missing key file',
      texts: { key: null },
      words: /^keyFile .*key\.pem cannot be read$/,
    },
    {
      title: 'a certificate instead of a key',
      texts: { key: SELF_SIGNED.cert },
      words: /^keyFile .*contains no PEM private key$/,
    },
    {
      title: 'an encrypted key',
      texts: { key: rsaKey(PASSPHRASE) },
      words: /^keyFile .*contains an encrypted private key$/,
    },
    {
      title: 'the key of another certificate',
      texts: { key: EXPIRED.key },
      words: /^certFile .*cert\.pem and keyFile .*key\.pem cannot be used together$/,
    },
    {
      // OpenSSL does not compare keys of different types: it would present no certificate.
      title: 'a key of another type',
      texts: { key: rsaKey() },
      words: /cannot be used together$/,
    },
  ];
  for (const { title, texts, words } of cases) {
    it(`reports ${title}`, () => {
      assert.throws(
        () => readTlsContext(writeFiles(texts)),
        (error) => {
          assert.ok(error instanceof RefreshFailure);
          assert.equal(error.type, 'ConfigInvalid');
          assert.match(error.message, words);
          const isCaFile = error.message.startsWith('caFile');
          assert.match(error.remedy, isCaFile ? /CA certificates/ : /doctor --offline/);
          assert.equal(error.cause, undefined);
          return true;
        },
      );
    });
  }
});
