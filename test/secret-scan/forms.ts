// Owns the forms in which a secret may show, and how much of a form is enough. Refuses secrets so short that
// they would be found everywhere.

/** A value that must not be found. */
export interface KnownSecret {
  /** What findings call it. */
  readonly name: string;
  readonly value: string;
  /** A part of it is no secret: for values that others share the beginning of. */
  readonly wholeOnly?: boolean;
}

/** One form of one secret, as it is looked for. */
export interface Needle {
  readonly secret: string;
  readonly form: string;
  /** Folded. */
  readonly text: Buffer;
  /** As many of its characters in a row are a finding. */
  readonly least: number;
}

interface Form {
  readonly name: string;
  readonly least: number;
  readonly texts: (value: Buffer) => readonly Buffer[];
}

/** Parts of a secret that are as long as this are a secret, and shorter secrets are looked for as a whole. */
export const LEAST_PART = 31;

/** Shorter ones turn up by chance, in encoded forms above all. */
const SHORTEST = 8;

/** So many characters of a secret lie in 31 of base64. Hexadecimal is held to as many, not to 15. */
const LEAST_IN_HEX = 46;

const FOLDED = foldedBytes();

/**
 * Bytes as they are compared: without case, and base64url as base64. So hexadecimal and percent-encoding need one
 * form each, and what lower-cases a header hides nothing. Random 31 characters stay as good as unique.
 */
export function fold(bytes: Uint8Array): Buffer {
  const folded = Buffer.allocUnsafe(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) folded[i] = FOLDED[bytes[i] ?? 0] ?? 0;
  return folded;
}

function foldedBytes(): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  for (let byte = 0x41; byte <= 0x5a; byte += 1) table[byte] = byte + 0x20;
  table[0x2d] = 0x2b; // - is + of base64url
  table[0x5f] = 0x2f; // _ is /
  return table;
}

/**
 * Every form of the secret, without those that are alike (a token of base64 looks the same in JSON).
 * @throws Error when it is too short to be looked for
 */
export function needlesOf(secret: KnownSecret): Needle[] {
  const value = Buffer.from(secret.value, 'utf8');
  if (value.length < SHORTEST) {
    throw new Error(`${secret.name} has fewer than ${SHORTEST} characters: it would be found by chance.`);
  }
  const wholeOnly = secret.wholeOnly === true || value.length < LEAST_PART;
  const byText = new Map<string, Needle>();
  for (const form of FORMS) {
    for (const text of form.texts(value).map(fold)) {
      const key = text.toString('latin1');
      const least = wholeOnly ? text.length : form.least;
      if (!byText.has(key)) byText.set(key, { secret: secret.name, form: form.name, text, least });
    }
  }
  return [...byText.values()];
}

/**
 * The characters of base64 that are the value's alone, at each of the three places where it can begin. Those at
 * either end belong half to its neighbours.
 */
function base64Texts(value: Buffer, encoding: 'base64' | 'base64url' = 'base64'): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value]).toString(encoding);
    const end = Math.floor(((before + value.length) * 8) / 6);
    return Buffer.from(text.slice(Math.ceil((before * 8) / 6), end), 'latin1');
  });
}

/** As browsers and forms do; the lower-case digits of some encoders differ only within another base64. */
function urlTexts(value: Buffer): Buffer[] {
  const text = value.toString('utf8');
  const component = encodeURIComponent(text);
  const form = new URLSearchParams({ v: text }).toString().slice('v='.length);
  return [component, form].map((encoded) => Buffer.from(encoded, 'utf8'));
}

/** As JavaScript, Python and Go write JSON strings, and as JSON within JSON. */
function jsonTexts(value: Buffer): Buffer[] {
  const quote = (text: string): string => JSON.stringify(text).slice(1, -1);
  const escapeCharacter = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const plain = quote(value.toString('utf8'));
  const ascii = plain.replaceAll(/[\u0080-\uffff]/g, escapeCharacter);
  const html = plain.replaceAll(/[<>&]/g, escapeCharacter);
  return [plain, ascii, html, quote(plain)].map((text) => Buffer.from(text, 'utf8'));
}

/** As Temporal's server and many others write the values of metrics' labels. */
function labelTexts(value: Buffer): Buffer[] {
  return [Buffer.from(value.toString('utf8').replaceAll(/[^A-Za-z0-9]/gu, '_'), 'latin1')];
}

const CLEAR: Form = { name: 'clear', least: LEAST_PART, texts: (value) => [value] };
const URL_ENCODED: Form = { name: 'URL-encoded', least: LEAST_PART, texts: urlTexts };
const JSON_ESCAPED: Form = { name: 'JSON-escaped', least: LEAST_PART, texts: jsonTexts };
const BASE64: Form = { name: 'base64', least: LEAST_PART, texts: (value) => base64Texts(value) };
const HEX: Form = {
  name: 'hex',
  least: LEAST_IN_HEX,
  texts: (value) => [Buffer.from(value.toString('hex'))],
};

const LABEL: Form = { name: 'label', least: LEAST_PART, texts: labelTexts };

/** Within another base64 letters are told apart, so the variants that folding covers elsewhere are forms here. */
const INNER: readonly Form[] = [
  URL_ENCODED,
  JSON_ESCAPED,
  BASE64,
  { ...BASE64, texts: (value) => base64Texts(value, 'base64url') },
  HEX,
  { ...HEX, texts: (value) => [Buffer.from(value.toString('hex').toUpperCase())] },
];

/** When two forms match equally well, the earlier names the finding. */
const FORMS: readonly Form[] = [
  CLEAR,
  LABEL,
  URL_ENCODED,
  JSON_ESCAPED,
  BASE64,
  HEX,
  {
    name: 'URL-encoded base64',
    least: LEAST_PART,
    texts: (value) => base64Texts(value).flatMap(urlTexts),
  },
  ...INNER.map((inner) => ({
    name: `base64 of ${inner.name}`,
    // What at least remains of that many characters of the inner form.
    least: Math.floor((inner.least * 8 - 4) / 6),
    texts: (value: Buffer) => inner.texts(value).flatMap((text) => base64Texts(text)),
  })),
];
