import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { NetworkError } from '../../src/net/network-error.js';
import { isSettingsProblem, type NetworkReason } from '../../src/net/network-reason.js';
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

  /** Three files that can be used, but for the texts that are given; `null` for no file. */
  function writeFiles(texts: {
    readonly [name in 'ca' | 'cert' | 'key']?: string | null;
  }): Required<TlsFiles> {
    const all = { ca: SELF_SIGNED.cert, cert: SELF_SIGNED.cert, key: SELF_SIGNED.key, ...texts };
    const toPath = (name: string): string => path.join(folder, `${name}.pem`);
    for (const [name, text] of Object.entries(all)) if (text !== null) fs.writeFileSync(toPath(name), text);
    return { caFile: toPath('ca'), certFile: toPath('cert'), keyFile: toPath('key') };
  }

  it('accepts certificate and key together, each alone, and a chain with comments', () => {
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
    readonly code: NetworkReason;
    readonly words: RegExp;
  }[] = [
    {
      title: 'no CA file',
      texts: { ca: null },
      code: 'ca-file-unreadable',
      words: /^caFile .*ca\.pem cannot be read$/,
    },
    {
      title: 'an empty CA file',
      texts: { ca: '' },
      code: 'ca-file-empty',
      words: /^caFile .*holds no certificate/,
    },
    {
      title: 'a damaged CA',
      texts: { ca: `${SELF_SIGNED.cert}${DAMAGED}` },
      code: 'ca-file-corrupt',
      words: /^caFile .*: certificate 2 is damaged$/,
    },
    {
      title: 'a certificate without an end before another',
      texts: { ca: `${SELF_SIGNED.cert.slice(0, 200)}\n${SELF_SIGNED.cert}` },
      code: 'ca-file-corrupt',
      words: /^caFile .*: certificate 1 is damaged$/,
    },
    {
      title: 'no certificate file',
      texts: { cert: null },
      code: 'cert-file-unreadable',
      words: /^certFile .*cert\.pem cannot be read$/,
    },
    {
      title: 'a key instead of a certificate',
      texts: { cert: SELF_SIGNED.key },
      code: 'cert-file-empty',
      words: /^certFile .*holds no certificate/,
    },
    {
      title: 'a damaged certificate',
      texts: { cert: DAMAGED },
      code: 'cert-file-corrupt',
      words: /^certFile .*: certificate 1 is damaged$/,
    },
    {
      title: 'no key file',
      texts: { key: null },
      code: 'key-file-unreadable',
      words: /^keyFile .*key\.pem cannot be read$/,
    },
    {
      title: 'a certificate instead of a key',
      texts: { key: SELF_SIGNED.cert },
      code: 'key-file-empty',
      words: /^keyFile .*holds no private key/,
    },
    {
      title: 'a key that is locked by a passphrase',
      texts: { key: rsaKey(PASSPHRASE) },
      code: 'key-file-locked',
      words: /^keyFile .*locked by a passphrase$/,
    },
    {
      title: 'the key of another certificate',
      texts: { key: EXPIRED.key },
      code: 'key-file-mismatch',
      words: /^certFile .*cert\.pem and keyFile .*key\.pem are no certificate and key that fit together$/,
    },
    {
      // OpenSSL does not compare keys of different types: it would show no certificate at all.
      title: 'a key of another type',
      texts: { key: rsaKey() },
      code: 'key-file-mismatch',
      words: /fit together$/,
    },
  ];
  for (const { title, texts, code, words } of cases) {
    it(`reports ${title}`, () => {
      assert.throws(
        () => readTlsContext(writeFiles(texts)),
        (error) => {
          assert.ok(error instanceof NetworkError);
          assert.equal(error.code, code);
          assert.match(error.message, words);
          assert.match(error.remedy ?? '', code.startsWith('ca-') ? /authorities/ : /doctor --offline/);
          assert.ok(isSettingsProblem(error.code));
          assert.equal(error.cause, undefined);
          return true;
        },
      );
    });
  }
});
