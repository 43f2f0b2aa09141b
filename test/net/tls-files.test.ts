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
  const lock = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }).toString();
}

describe('readTlsContext', () => {
  let folder: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tls-files-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  /** Three valid files, except for the given texts; `null` for no file. */
  function writeFiles(texts: {
    readonly [name in 'ca' | 'cert' | 'key']?: string | null;
  }): Required<TlsFiles> {
    const all = { ca: SELF_SIGNED.cert, cert: SELF_SIGNED.cert, key: SELF_SIGNED.key, ...texts };
    const toPath = (name: string): string => path.join(folder, `${name}.pem`);
    for (const [name, text] of Object.entries(all)) if (text !== null) fs.writeFileSync(toPath(name), text);
    return { caFile: toPath('ca'), certFile: toPath('cert'), keyFile: toPath('key') };
  }

  it('accepts a CA and a certificate with key, each alone or both, and a chain with comments', () => {
    const { caFile, certFile, keyFile } = writeFiles({
      cert: `# ours\n${SELF_SIGNED.cert}# its issuer\n${EXPIRED.cert}`,
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
      title: 'no CA file',
      texts: { ca: null },
      words: /^caFile .*ca\.pem cannot be read$/,
    },
    {
      title: 'an empty CA file',
      texts: { ca: '' },
      words: /^caFile .*holds no PEM certificate$/,
    },
    {
      title: 'a damaged CA',
      texts: { ca: `${SELF_SIGNED.cert}${DAMAGED}` },
      words: /^caFile .* holds a broken certificate, number 2$/,
    },
    {
      title: 'a certificate without an end before another',
      texts: { ca: `${SELF_SIGNED.cert.slice(0, 200)}\n${SELF_SIGNED.cert}` },
      words: /^caFile .* holds a broken certificate, number 1$/,
    },
    {
      title: 'no certificate file',
      texts: { cert: null },
      words: /^certFile .*cert\.pem cannot be read$/,
    },
    {
      title: 'a key instead of a certificate',
      texts: { cert: SELF_SIGNED.key },
      words: /^certFile .*holds no PEM certificate$/,
    },
    {
      title: 'a damaged certificate',
      texts: { cert: DAMAGED },
      words: /^certFile .* holds a broken certificate, number 1$/,
    },
    {
      title: 'no key file',
      texts: { key: null },
      words: /^keyFile .*key\.pem cannot be read$/,
    },
    {
      title: 'a certificate instead of a key',
      texts: { key: SELF_SIGNED.cert },
      words: /^keyFile .*holds no PEM private key$/,
    },
    {
      title: 'a key that is locked by a passphrase',
      texts: { key: rsaKey(PASSPHRASE) },
      words: /^keyFile .*locked by a passphrase$/,
    },
    {
      title: 'the key of another certificate',
      texts: { key: EXPIRED.key },
      words: /^certFile .*cert\.pem and keyFile .*key\.pem cannot be used together$/,
    },
    {
      // OpenSSL does not compare keys of different types: it would show no certificate at all.
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
          const isOfAuthorities = error.message.startsWith('caFile');
          assert.match(error.remedy, isOfAuthorities ? /authorities/ : /doctor --offline/);
          assert.equal(error.cause, undefined);
          return true;
        },
      );
    });
  }
});
