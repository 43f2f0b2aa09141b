// The forms in which a secret may appear, and the length at which a part of a form is a finding.

/** A value that must not be found. */
export interface KnownSecret {
  /** Its name in findings. */
  readonly name: string;
  readonly value: string;
  /** Only the whole value is a secret: for values that begin like others. */
  readonly wholeOnly?: boolean;
}

/** One form of one secret to search for. */
export interface Needle {
  readonly secret: string;
  readonly form: string;
  /** Folded, see `fold`. */
  readonly text: Buffer;
  /** This many consecutive characters of it are a finding. */
  readonly minLength: number;
}

interface Form {
  readonly name: string;
  readonly minLength: number;
  readonly texts: (value: Buffer) => readonly Buffer[];
}

/** A part of a secret of this length is a finding. Shorter secrets are only searched for as a whole. */
export const MIN_PART = 31;

/** Shorter secrets would be found by chance, especially in encoded forms. */
const MIN_SECRET = 8;

/** 31 characters of base64 contain 23 bytes of a secret, and so do 46 of hexadecimal; 31 would contain only 15. */
const MIN_PART_IN_HEX = 46;

const FOLDED = foldedBytes();

/**
 * Folds bytes for the comparison: ignores case, and treats base64url as base64. Hexadecimal and percent-encoding then
 * need one form each, and a lower-cased header is found, too. 31 random characters are still practically unique.
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
 * Every form of the secret, without duplicates (a base64 token looks the same in JSON).
 * @throws Error when it is so short that it would be found by chance
 */
export function buildNeedles(secret: KnownSecret): Needle[] {
  const value = Buffer.from(secret.value, 'utf8');
  if (value.length < MIN_SECRET) {
    throw new Error(`${secret.name} has fewer than ${MIN_SECRET} characters: it would be found by chance.`);
  }
  const wholeOnly = secret.wholeOnly === true || value.length < MIN_PART;
  const byText = new Map<string, Needle>();
  for (const form of FORMS) {
    for (const text of form.texts(value).map(fold)) {
      const key = text.toString('latin1');
      const minLength = wholeOnly ? text.length : form.minLength;
      if (!byText.has(key)) byText.set(key, { secret: secret.name, form: form.name, text, minLength });
    }
  }
  return [...byText.values()];
}

/**
 * The characters of base64 that encode only the value, for each of the three positions where it can begin. Those at
 * either end also encode its neighbors.
 */
function base64Texts(value: Buffer, encoding: 'base64' | 'base64url' = 'base64'): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value]).toString(encoding);
    const end = Math.floor(((before + value.length) * 8) / 6);
    return Buffer.from(text.slice(Math.ceil((before * 8) / 6), end), 'latin1');
  });
}

/** As browsers and forms encode it. The lower-case digits of some encoders differ only within base64. */
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

/** As Temporal's server and many others write the values of metric labels. */
function labelTexts(value: Buffer): Buffer[] {
  return [Buffer.from(value.toString('utf8').replaceAll(/[^A-Za-z0-9]/gu, '_'), 'latin1')];
}

const PLAIN_TEXT: Form = { name: 'plain text', minLength: MIN_PART, texts: (value) => [value] };
const URL_ENCODED: Form = { name: 'URL-encoded', minLength: MIN_PART, texts: urlTexts };
const JSON_ESCAPED: Form = { name: 'JSON-escaped', minLength: MIN_PART, texts: jsonTexts };
const BASE64: Form = { name: 'base64', minLength: MIN_PART, texts: (value) => base64Texts(value) };
const HEX: Form = {
  name: 'hex',
  minLength: MIN_PART_IN_HEX,
  texts: (value) => [Buffer.from(value.toString('hex'))],
};

const LABEL: Form = { name: 'label', minLength: MIN_PART, texts: labelTexts };

/** Within base64 the case matters, so the variants that folding covers elsewhere are separate forms here. */
const INNER: readonly Form[] = [
  URL_ENCODED,
  JSON_ESCAPED,
  BASE64,
  { ...BASE64, texts: (value) => base64Texts(value, 'base64url') },
  HEX,
  { ...HEX, texts: (value) => [Buffer.from(value.toString('hex').toUpperCase())] },
];

/** If two forms match equally well, the earlier one is reported. */
const FORMS: readonly Form[] = [
  PLAIN_TEXT,
  LABEL,
  URL_ENCODED,
  JSON_ESCAPED,
  BASE64,
  HEX,
  {
    name: 'URL-encoded base64',
    minLength: MIN_PART,
    texts: (value) => base64Texts(value).flatMap(urlTexts),
  },
  ...INNER.map((inner) => ({
    name: `base64 of ${inner.name}`,
    // The minimum number of characters that encode only those of the inner form.
    minLength: Math.floor((inner.minLength * 8 - 4) / 6),
    texts: (value: Buffer) => inner.texts(value).flatMap((text) => base64Texts(text)),
  })),
];
