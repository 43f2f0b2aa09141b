import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createTokenMint } from '../../sandbox/aws/token-mint.js';
import { createSessionTokens } from '../../sandbox/airflow-stand-in/session-tokens.js';
import { AWKWARD, BASE64, randomBytes, randomText, seededRandom } from './canary.js';
import { createSecretFinder } from './find-secrets.js';
import { ecrTokenSecret, jwtSecrets } from './secret-core.js';

type Encode = (text: string) => string;

interface Encoder {
  readonly title: string;
  readonly form: string;
  readonly encode: Encode;
}

/** Encodes the text within a longer text, as in a header or a document. */
const base64At =
  (alignment: number, encoding: 'base64' | 'base64url' = 'base64'): Encode =>
  (text) =>
    Buffer.from(`${'~'.repeat(alignment)}${text}~~`).toString(encoding);
const hex: Encode = (text) => Buffer.from(text).toString('hex');
const upperHex: Encode = (text) => hex(text).toUpperCase();
const json: Encode = (text) => JSON.stringify(text);
const formUrl: Encode = (text) => new URLSearchParams({ password: text }).toString();
const pythonJson: Encode = (text) =>
  json(text).replaceAll(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
const goJson: Encode = (text) =>
  json(text).replaceAll(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
const lowerPercent: Encode = (text) =>
  encodeURIComponent(text).replaceAll(/%../g, (escape) => escape.toLowerCase());

/** Uses the encoders of the platform on whole documents, not the code under test. */
const ENCODERS: readonly Encoder[] = [
  { title: 'plain text', form: 'plain text', encode: (text) => text },
  { title: 'a metric label', form: 'label', encode: (text) => text.replaceAll(/[^A-Za-z0-9]/gu, '_') },
  { title: 'encodeURIComponent', form: 'URL-encoded', encode: encodeURIComponent },
  { title: 'lower-case percent-encoding', form: 'URL-encoded', encode: lowerPercent },
  { title: 'a form', form: 'URL-encoded', encode: formUrl },
  { title: 'JSON', form: 'JSON-escaped', encode: json },
  { title: 'Python JSON', form: 'JSON-escaped', encode: pythonJson },
  { title: 'Go JSON', form: 'JSON-escaped', encode: goJson },
  { title: 'JSON within JSON', form: 'JSON-escaped', encode: (text) => json(json(text)) },
  { title: 'hex', form: 'hex', encode: hex },
  { title: 'upper-case hex', form: 'hex', encode: upperHex },
  ...[0, 1, 2].flatMap((at): readonly Encoder[] => {
    const outer = base64At(at);
    return [
      { title: `base64 at ${at}`, form: 'base64', encode: outer },
      { title: `base64url at ${at}`, form: 'base64', encode: base64At(at, 'base64url') },
      {
        title: `a URL with base64 at ${at}`,
        form: 'URL-encoded base64',
        encode: (text) => encodeURIComponent(outer(text)),
      },
      { title: `base64 at ${at} of hex`, form: 'base64 of hex', encode: (text) => outer(hex(text)) },
      {
        title: `base64 at ${at} of upper-case hex`,
        form: 'base64 of hex',
        encode: (text) => outer(upperHex(text)),
      },
      {
        title: `base64 at ${at} of JSON`,
        form: 'base64 of JSON-escaped',
        encode: (text) => outer(json(text)),
      },
      {
        title: `base64 at ${at} of a form`,
        form: 'base64 of URL-encoded',
        encode: (text) => outer(formUrl(text)),
      },
      ...[0, 1, 2].flatMap((inner): readonly Encoder[] => [
        {
          title: `base64 at ${at} of base64 at ${inner}`,
          form: 'base64 of base64',
          encode: (text) => outer(base64At(inner)(text)),
        },
        {
          title: `base64 at ${at} of base64url at ${inner}`,
          form: 'base64 of base64',
          encode: (text) => outer(base64At(inner, 'base64url')(text)),
        },
      ]),
    ];
  }),
];

/** A form that does not escape any character of this secret is reported by the name of a simpler form. */
function expectedForms(form: string, encoded: string, value: string): readonly string[] {
  if (encoded.includes(value)) return ['plain text'];
  const isPlain =
    (form === 'base64 of JSON-escaped' && json(value).includes(value)) ||
    (form === 'base64 of URL-encoded' && formUrl(value).includes(value)) ||
    form === 'URL-encoded base64';
  return isPlain ? [form, 'base64'] : [form];
}

describe('the secret finder', () => {
  const random = seededRandom(4);
  const mint = createTokenMint(1800);
  const token = (): string =>
    mint.mint({ region: 'us-east-1', account: '123456789012', lifeSeconds: 43_200 }).password;
  const sessions = createSessionTokens(86_400);
  const jwt = sessions.issue('op', 'op');
  const KINDS: readonly { readonly title: string; readonly value: string }[] = [
    { title: 'an ECR token', value: ecrTokenSecret('s', token()).value },
    { title: 'the signature of a JWT', value: jwt.split('.')[2] ?? '' },
    { title: 'an AWS secret key', value: randomText(random, 40, BASE64) },
    { title: 'a long awkward password', value: randomText(random, 120, AWKWARD) },
    { title: '31 characters', value: randomText(random, 31) },
    { title: 'a short awkward password', value: 'p"w\\ +/é<&>%' },
    { title: '8 characters', value: randomText(random, 8) },
  ];

  for (const { title: kind, value } of KINDS) {
    describe(`for ${kind}`, () => {
      const find = createSecretFinder([
        { name: 'another', value: randomText(random, 200, BASE64) },
        { name: 's', value },
      ]);

      for (const { title, form, encode } of ENCODERS) {
        it(`finds it as ${title} at any offset`, () => {
          for (let offset = 0; offset < 50; offset += 1) {
            const encoded = encode(value);
            const bytes = Buffer.concat([
              randomBytes(random, offset),
              Buffer.from(encoded),
              randomBytes(random, offset % 7),
            ]);
            const findings = find('here', bytes);
            const names = expectedForms(form, encoded, value);
            assert.deepEqual(
              findings.map(({ secret, place }) => `${secret} in ${place}`),
              findings.length === 1 ? ['s in here'] : [],
              `offset ${offset}`,
            );
            assert.ok(
              names.includes(findings[0]?.form ?? 'nothing'),
              `offset ${offset}: ${findings[0]?.form}`,
            );
          }
        });

        if (Buffer.byteLength(value) < 31) continue;
        it(`finds any part of at least 31 characters as ${title}`, () => {
          const characters = Array.from(value);
          const lengths = [31, 32, 33, 47, 48, 90].filter((length) => length <= characters.length);
          for (const length of lengths) {
            for (let start = 0; start + length <= Math.min(characters.length, 200); start += 1) {
              const part = characters.slice(start, start + length).join('');
              const bytes = Buffer.concat([Buffer.from(encode(part)), randomBytes(random, 9)]);
              assert.deepEqual(
                find('here', bytes).map(({ secret }) => secret),
                ['s'],
                `${length} from ${start}`,
              );
            }
          }
        });
      }
    });
  }

  it('finds 31 characters of plain text, base64 and percent-encoding, but not 30', () => {
    const value = randomText(random, 500, BASE64);
    const find = createSecretFinder([{ name: 's', value }]);
    for (const encode of [(text: string) => text, base64At(1), encodeURIComponent]) {
      const text = encode(value);
      for (let start = 3; start + 31 < text.length - 4; start += 1) {
        assert.equal(find('here', Buffer.from(text.slice(start, start + 31))).length, 1, `31 from ${start}`);
        assert.equal(find('here', Buffer.from(text.slice(start, start + 30))).length, 0, `30 from ${start}`);
      }
    }
  });

  it('finds the first 40 characters of a token, and of a login header with it', () => {
    const password = token();
    const find = createSecretFinder([ecrTokenSecret('token', password)]);
    const header = Buffer.from(`AWS:${password}`).toString('base64');
    for (const text of [password, header]) {
      assert.equal(find('here', Buffer.from(`rejected: ${text.slice(0, 40)}…`)).length, 1);
    }
  });

  it('finds a short secret only if it is complete', () => {
    const value = randomText(random, 20);
    const find = createSecretFinder([{ name: 's', value }]);
    assert.equal(find('here', Buffer.from(`-${value}-`)).length, 1);
    for (const part of [value.slice(1), value.slice(0, -1)]) {
      assert.deepEqual(find('here', Buffer.from(`-${part}-`)), []);
      assert.deepEqual(find('here', Buffer.from(`-${hex(part)}-`)), []);
    }
  });

  it('reports all secrets of a place, each form once', () => {
    const values = [1, 2, 3].map(() => randomText(random, 100, BASE64));
    const find = createSecretFinder(values.map((value, i) => ({ name: `secret ${i}`, value })));
    const text = [values[2], values[0], values[2], hex(values[2] ?? '')].join(' ');
    assert.deepEqual(
      find('here', Buffer.from(text)).map(({ secret, form }) => `${secret}: ${form}`),
      ['secret 2: plain text', 'secret 0: plain text', 'secret 2: hex'],
    );
  });

  it('finds a secret that directly follows a part of another, even if they overlap by chance', () => {
    const [long, short] = [`${randomText(random, 50)}ABCDEF`, `ABCDEF${randomText(random, 6)}`];
    const find = createSecretFinder([
      { name: 'long', value: `${long}${randomText(random, 50)}` },
      { name: 'short', value: short },
    ]);
    for (const cut of [0, 1, 6]) {
      const text = `${long.slice(0, long.length - cut)}${short}`;
      assert.deepEqual(
        find('here', Buffer.from(text)).map(({ secret }) => secret),
        ['long', 'short'],
        `cut by ${cut}`,
      );
    }
  });

  it('reports the simplest form for a part without escaped characters', () => {
    const plain = randomText(random, 100);
    const find = createSecretFinder([{ name: 's', value: `"/${plain}/"` }]);
    const forms: readonly { readonly form: string; readonly text: string }[] = [
      { form: 'plain text', text: plain },
      { form: 'base64', text: base64At(0)(plain) },
      { form: 'hex', text: hex(plain) },
    ];
    for (const { form, text } of forms) {
      assert.deepEqual(
        find('here', Buffer.from(text)).map((finding) => finding.form),
        [form],
      );
    }
  });

  it('finds nothing in noise, other tokens or fingerprints', () => {
    const tokens = Array.from({ length: 20 }, token);
    const secrets = [
      ...tokens.map((password, i) => ecrTokenSecret(`token ${i}`, password)),
      ...jwtSecrets('jwt', jwt),
      { name: 'short', value: randomText(random, 8, AWKWARD) },
    ];
    const find = createSecretFinder(secrets);
    assert.deepEqual(find('noise', randomBytes(random, 3_000_000)), []);
    assert.deepEqual(find('base64', Buffer.from(randomText(random, 1_000_000, BASE64))), []);
    assert.deepEqual(find('hex', Buffer.from(randomBytes(random, 1_000_000).toString('hex'))), []);
    assert.deepEqual(find('zeros', Buffer.alloc(1_000_000)), []);
    for (const { title, encode } of ENCODERS) {
      const others = [token(), token(), sessions.issue('op', 'op'), sessions.issue('op', 'op')];
      for (const other of others) assert.deepEqual(find(title, Buffer.from(encode(other))), []);
    }
    for (const password of [...tokens, jwt]) {
      const digest = createHash('sha256').update(password).digest('hex');
      assert.deepEqual(find('fingerprint', Buffer.from(digest.slice(0, 12))), []);
    }
  });

  it('finds nothing in bytes shorter than any secret', () => {
    const find = createSecretFinder([{ name: 's', value: randomText(random, 8) }]);
    for (let length = 0; length < 8; length += 1) assert.deepEqual(find('here', Buffer.alloc(length)), []);
  });

  it('rejects a secret that is so short that it would be found by chance', () => {
    assert.throws(
      () => createSecretFinder([{ name: 'the password', value: 'op12345' }]),
      /^Error: the password has/,
    );
  });

  it('finds a planted secret at any offset in any form, in 300 random cases', () => {
    const secrets = Array.from({ length: 30 }, (_, i) => ({
      name: `${i}`,
      value: randomText(random, 31 + Math.floor(random() * 500), i % 2 === 0 ? BASE64 : AWKWARD),
    }));
    const find = createSecretFinder(secrets);
    for (let i = 0; i < 300; i += 1) {
      const { name, value } = secrets[Math.floor(random() * secrets.length)] ?? { name: '', value: '' };
      const { encode } = ENCODERS[Math.floor(random() * ENCODERS.length)] ?? ENCODERS[0] ?? assert.fail();
      const start = Math.floor(random() * (value.length - 30));
      const part = value.slice(start, start + 31 + Math.floor(random() * 200));
      const [before, after] = [randomBytes(random, random() * 300), randomBytes(random, random() * 300)];
      const findings = find('here', Buffer.concat([before, Buffer.from(encode(part)), after]));
      assert.deepEqual([...new Set(findings.map(({ secret }) => secret))], [name], `case ${i}`);
    }
  });
});
