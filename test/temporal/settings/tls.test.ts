import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { dirname, join } from 'node:path';
import { EXPIRED, SELF_SIGNED } from '../../support/self-signed.js';
import { listProblems, listWarnings, read, SECRET, useSettingsFolder } from './settings-folder.js';

const CERT = 'TEMPORAL_TLS_CLIENT_CERT_PATH';
const KEY = 'TEMPORAL_TLS_CLIENT_KEY_PATH';
const CA = 'TEMPORAL_TLS_SERVER_CA_CERT_PATH';
const CERT_DATA = 'TEMPORAL_TLS_CLIENT_CERT_DATA';
const KEY_DATA = 'TEMPORAL_TLS_CLIENT_KEY_DATA';
const CA_DATA = 'TEMPORAL_TLS_SERVER_CA_CERT_DATA';

const { cert, key } = SELF_SIGNED;
const EC_KEY = createPrivateKey(key).export({ type: 'sec1', format: 'pem' }).toString();
const LOCKED_KEY = createPrivateKey(key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: SECRET })
  .toString();

describe('the TLS settings of Temporal', () => {
  const write = useSettingsFolder();

  /** From variables and their PEM texts to variables and files with them. */
  function writeFiles(texts: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(texts).map(([name, text]) => [name, write(`${name}.pem`, text)]),
    );
  }

  it('are read from files or from text', () => {
    const expected = { client: { cert, key }, ca: cert, serverName: 'temporal.example.com' };
    const name = { TEMPORAL_TLS_SERVER_NAME: 'temporal.example.com' };
    assert.deepEqual(
      read({ ...writeFiles({ [CERT]: cert, [KEY]: key, [CA]: cert }), ...name }).tls,
      expected,
    );
    assert.deepEqual(read({ [CERT_DATA]: cert, [KEY_DATA]: key, [CA_DATA]: cert, ...name }).tls, expected);
  });

  it('turn TLS on, each of them', () => {
    for (const env of [
      { [CA_DATA]: cert },
      { [CERT_DATA]: cert, [KEY_DATA]: key },
      { TEMPORAL_TLS_SERVER_NAME: 'a' },
    ]) {
      assert.ok(read(env).tls);
    }
  });

  it('contain a chain with comments', () => {
    const chain = `# own\n${cert}# issuer\n${EXPIRED.cert}`;
    assert.equal(read({ [CERT_DATA]: chain, [KEY_DATA]: key }).tls?.client?.cert, cert + EXPIRED.cert);
  });

  for (const { title, change } of [
    { title: 'line breaks of Windows', change: (pem: string) => pem.replaceAll('\n', '\r\n') },
    { title: 'indented lines', change: (pem: string) => pem.replaceAll(/^/gm, '    ') },
    { title: 'blanks at the ends of lines', change: (pem: string) => pem.replaceAll('\n', ' \n') },
    { title: 'blank lines around', change: (pem: string) => `\n\n${pem}\n\n` },
    { title: 'no line break at the end', change: (pem: string) => pem.trim() },
    { title: 'a byte order mark', change: (pem: string) => `\uFEFF${pem}` },
  ]) {
    it(`are normalized: ${title}`, () => {
      const env = { [CERT_DATA]: change(cert), [KEY_DATA]: change(key), [CA_DATA]: change(cert) };
      assert.deepEqual(read(env).tls, { client: { cert, key }, ca: cert, serverName: undefined });
      const files = writeFiles({ [CERT]: change(cert), [KEY]: change(EC_KEY) });
      assert.deepEqual(read(files).tls?.client, { cert, key });
    });
  }

  for (const { name, text, message } of [
    { name: CERT, text: '', message: 'names an empty file' },
    { name: CERT, text: 'text', message: 'contains no PEM certificate' },
    { name: CERT, text: key, message: 'contains a private key instead of a certificate' },
    { name: CERT, text: EC_KEY, message: 'contains a private key instead of a certificate' },
    {
      name: CERT,
      text: cert.replace('MIIBk', 'AAAAA'),
      message: 'contains an invalid certificate (number 1 in the file)',
    },
    { name: CERT, text: cert.replaceAll('\n', '\\n'), message: 'contains \\n as two characters' },
    {
      name: CERT,
      text: Buffer.from(cert).toString('base64'),
      message: 'contains PEM that is encoded as Base64 once more',
    },
    { name: CA, text: key, message: 'contains a private key instead of a certificate' },
    { name: KEY, text: '', message: 'names an empty file' },
    { name: KEY, text: cert, message: 'contains a certificate instead of a private key' },
    { name: KEY, text: LOCKED_KEY, message: 'contains an encrypted private key' },
    { name: KEY, text: key.replaceAll('\n', '\\n'), message: 'contains \\n as two characters' },
    { name: KEY, text: EXPIRED.key, message: `does not match the certificate in ${CERT}` },
  ]) {
    it(`are rejected: ${name} ${message}`, () => {
      const pems = { [CERT]: cert, [KEY]: key, [CA]: cert, [name]: text };
      assert.deepEqual(listProblems(writeFiles(pems)), [`${name}: ${message}`]);
    });
  }

  for (const { name, text, message } of [
    { name: CERT_DATA, text: cert.replaceAll('\n', '\\n'), message: 'contains \\n as two characters' },
    { name: KEY_DATA, text: key.replaceAll('\n', '\\n'), message: 'contains \\n as two characters' },
    { name: CERT_DATA, text: key, message: 'contains a private key instead of a certificate' },
    { name: KEY_DATA, text: cert, message: 'contains a certificate instead of a private key' },
    { name: CERT_DATA, text: `/etc/${SECRET}`, message: 'contains no PEM certificate' },
    { name: KEY_DATA, text: `/etc/${SECRET}`, message: 'contains no PEM private key' },
  ]) {
    it(`are rejected: ${name} ${message}`, () => {
      const env = { [CERT_DATA]: cert, [KEY_DATA]: key, [name]: text };
      assert.deepEqual(listProblems(env), [`${name}: ${message}`]);
    });
  }

  it('are rejected if a file cannot be read, with the reason and without its path', () => {
    const path = write('x', '');
    for (const { value, message } of [
      { value: join(dirname(path), SECRET), message: 'names a path that does not exist' },
      { value: `${path} `, message: 'names a path that does not exist: its path ends with whitespace' },
      { value: dirname(path), message: 'names a path that is a folder' },
      { value: cert, message: 'contains PEM instead of a path' },
    ]) {
      assert.deepEqual(listProblems({ [CA]: value }), [`${CA}: ${message}`]);
    }
  });

  it('are rejected if a certificate has no key, or a key no certificate', () => {
    assert.deepEqual(listProblems({ [CERT_DATA]: cert }), [
      `${CERT_DATA}: is set without the key of the certificate`,
    ]);
    assert.deepEqual(listProblems({ [KEY_DATA]: key }), [
      `${KEY_DATA}: is set without the certificate of the key`,
    ]);
  });

  it('are rejected if a file and a text are set in the same place, but a variable replaces both in the file', () => {
    const files = writeFiles({ [CERT]: cert, [KEY]: key });
    assert.deepEqual(listProblems({ ...files, [CERT_DATA]: cert }), [
      `${CERT_DATA}: cannot be combined with ${CERT}`,
    ]);
    const toml = write(
      'temporal.toml',
      `[profile.default.tls]\nclient_cert_data = '''${EXPIRED.cert}'''\nclient_key_data = '''${EXPIRED.key}'''\n`,
    );
    const env = { TEMPORAL_CONFIG_FILE: toml };
    assert.equal(read(env).tls?.client?.cert, EXPIRED.cert);
    assert.equal(read({ ...env, ...files }).tls?.client?.cert, cert);
    const both = write(
      'temporal.toml',
      `[profile.default.tls]\nserver_ca_cert_data = "a"\nserver_ca_cert_path = "b"\n`,
    );
    const prefix = `${both} profile.default.tls`;
    assert.deepEqual(listProblems(env), [
      `${prefix}.server_ca_cert_data: cannot be combined with ${prefix}.server_ca_cert_path`,
    ]);
  });

  it('are rejected if TLS is turned off', () => {
    const env = {
      TEMPORAL_TLS: 'false',
      [CERT_DATA]: cert,
      [KEY_DATA]: key,
      [CA_DATA]: cert,
      TEMPORAL_TLS_SERVER_NAME: 'a',
    };
    assert.deepEqual(
      listProblems(env),
      [CERT_DATA, KEY_DATA, CA_DATA, 'TEMPORAL_TLS_SERVER_NAME'].map(
        (name) => `${name}: has no effect, because TEMPORAL_TLS turns TLS off`,
      ),
    );
    const file = write('temporal.toml', '[profile.default.tls]\ndisabled = true\nserver_name = "a"\n');
    assert.deepEqual(listProblems({ TEMPORAL_CONFIG_FILE: file }), [
      `${file} profile.default.tls.server_name: has no effect, because ${file} profile.default.tls.disabled turns TLS off`,
    ]);
  });

  for (const value of ['https://temporal.example.com', 'temporal.example.com:7233', 'a b', '::1']) {
    it(`are rejected if the name of the server is ${value}`, () => {
      assert.deepEqual(listProblems({ TEMPORAL_TLS_SERVER_NAME: value }), [
        'TEMPORAL_TLS_SERVER_NAME: is not a valid host name',
      ]);
    });
  }

  describe('with keys and certificates that the native library rejects', () => {
    /** A self-signed certificate; without a configuration file openssl creates X.509 version 1. */
    function create(options: readonly string[], isVersion3 = true): Record<string, string> {
      const [certFile, keyFile] = [write('c.pem', ''), write('k.pem', '')];
      const version = isVersion3 ? ['-addext', 'basicConstraints=CA:FALSE'] : [];
      const output = ['-nodes', '-subj', '/CN=x', '-days', '9999', '-keyout', keyFile, '-out', certFile];
      const command = ['req', '-x509', '-config', '/dev/null', ...options, ...output, ...version];
      execFileSync('openssl', command, { stdio: 'pipe' });
      return { [CERT]: certFile, [KEY]: keyFile };
    }

    for (const { title, options } of [
      { title: 'EC P-521', options: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp521r1'] },
      { title: 'RSA of 1024 bits', options: ['-newkey', 'rsa:1024'] },
      { title: 'Ed448', options: ['-newkey', 'ed448'] },
    ]) {
      it(`are rejected: ${title}`, () => {
        assert.deepEqual(listProblems(create(options)), [
          `${KEY}: contains a key of a type that the worker cannot use`,
        ]);
      });
    }

    it('are rejected: X.509 version 1', () => {
      const options = ['-newkey', 'ed25519'];
      assert.deepEqual(listProblems(create(options, false)), [
        `${CERT}: contains a certificate of an old version of X.509`,
      ]);
      assert.deepEqual(listProblems(create(options)), []);
    });

    for (const { title, options } of [
      { title: 'EC P-384', options: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'] },
      { title: 'RSA of 2048 bits', options: ['-newkey', 'rsa:2048'] },
    ]) {
      it(`are accepted: ${title}`, () => assert.deepEqual(listProblems(create(options)), []));
    }
  });

  it('cause a warning about a certificate that has expired, or is not valid yet', () => {
    const client = { [CERT_DATA]: EXPIRED.cert, [KEY_DATA]: EXPIRED.key };
    assert.deepEqual(listWarnings({ ...client, [CA_DATA]: EXPIRED.cert }), [
      `${CERT_DATA}: contains a certificate that expired at 2021-01-01 00:00 UTC`,
      `${CA_DATA}: contains a CA that expired at 2021-01-01 00:00 UTC`,
    ]);
    assert.deepEqual(listWarnings({ [CA_DATA]: EXPIRED.cert + cert }), []);
  });

  it('are read again at each call', () => {
    const path = write('ca.pem', cert);
    assert.equal(read({ [CA]: path }).tls?.ca, cert);
    write('ca.pem', EXPIRED.cert);
    assert.equal(read({ [CA]: path }).tls?.ca, EXPIRED.cert);
    assert.equal(read({ [CA]: path }).tls?.ca, EXPIRED.cert);
  });

  it('are never quoted, even if a text is in the wrong variable', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_TLS', 'TEMPORAL_PROFILE', CERT]) {
      const problems = listProblems({ [name]: pem }).join();
      assert.ok(problems.startsWith(`${name}: `));
      assert.ok(!problems.includes(pem.split('\n')[1] ?? ''));
    }
  });
});
