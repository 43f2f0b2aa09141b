// The filter between texts from outside and a reader: a terminal, the log, the Temporal UI. Such a text can contain what
// controls a terminal, starts a line of its own, or reverses the order of what follows.
//
// Where a text is shown, its hidden characters become escapes, in the notation of JSON:
// - `toSafeText` for one value: it stays in its line, and its length is limited.
// - `toSafeValues` for all values of a document, before it is laid out in lines and tables: after that, a line break
//   of a value could not be told from one of the layout.
// - `escapeHidden` for a whole output, which keeps line breaks: for JSON, whose values stay the same, and as the last
//   step in front of a terminal.
// - `toMarkdown` for one value where Markdown is rendered.

/** Limits of what is shown, in characters. */
export const MAX_CHARS = {
  /** An id of a connection: what Airflow's database allows. */
  id: 250,
  /** The text of a server or library as a part of a message. */
  quote: 200,
  /** A message or a remedy in a report, and most texts in the Temporal UI. */
  message: 500,
  /** A field of the log. */
  logField: 1000,
  /** A value or a line that a command prints, and the summary of a run. */
  printed: 2000,
} as const;

/**
 * All characters but letters, marks, numbers, punctuation, symbols and the space, and those of them that cannot be seen:
 * controls (C0, DEL, C1), line separators, bidirectional controls, zero-width and tag characters, soft hyphens,
 * unusual spaces, halves of surrogate pairs, unassigned and private characters.
 */
const HIDDEN = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|\p{Default_Ignorable_Code_Point}/u;
const ALL_HIDDEN = new RegExp(HIDDEN, 'gu');
const ALL_HIDDEN_IN_LINES = new RegExp(`(?!\\n)(?:${HIDDEN.source})`, 'gu');

/** Whether a reader can see the character. A space is visible. */
export function isVisible(character: string): boolean {
  return !HIDDEN.test(character);
}

/**
 * One value as it is shown: in one line, without hidden characters, of limited length. Applying it again changes nothing.
 * @returns for example `a\u001b[2J`; ends with `…` where it was cut
 */
export function toSafeText(text: string, maxChars: number = MAX_CHARS.printed): string {
  if (text.length <= maxChars && !HIDDEN.test(text)) return text;
  // A character has at most two code units: what is cut off here is beyond the limit.
  const safe = text.slice(0, 2 * maxChars + 1).replace(ALL_HIDDEN, escape);
  const cut = cutText(safe, maxChars);
  return cut === safe ? safe : cut.replace(PART_OF_ESCAPE, '…');
}

const PART_OF_ESCAPE = /\\(?:u[\da-f]{0,3})?…$/;

/** Limits the length of a text, in characters. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const characters = Array.from(text.slice(0, 2 * maxChars + 2));
  return characters.length > maxChars ? `${characters.slice(0, maxChars - 1).join('')}…` : text;
}

/** A copy of plain data in which every text is safe to show. Other objects, such as dates, stay the same. */
export function toSafeValues<T>(value: T): T {
  return mapTexts(value) as T;
}

function mapTexts(value: unknown): unknown {
  if (typeof value === 'string') return toSafeText(value);
  if (Array.isArray(value)) return value.map(mapTexts);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item)]));
}

/** An output of several lines, such as a JSON text, without hidden characters other than its line breaks. */
export function escapeHidden(text: string): string {
  return text.replace(ALL_HIDDEN_IN_LINES, escape);
}

/** In the notation of JSON: `\n`, `\u001b`, `\ud83d\udc00`. */
function escape(character: string): string {
  const inJson = JSON.stringify(character).slice(1, -1);
  if (inJson !== character) return inJson;
  return Array.from({ length: character.length }, (_, at) => toEscape(character.charCodeAt(at))).join('');
}

function toEscape(codeUnit: number): string {
  return `\\u${codeUnit.toString(16).padStart(4, '0')}`;
}

/** Everything that can begin a link, an image, HTML, code or emphasis; an underscore only at the edge of a word. */
const MARKDOWN = /[\\`*[\]<>~|&@]|(?<=:)\/|(?<=\bwww)\.|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/giu;
/** What can begin a heading, a list or a quotation. */
const BLOCK_START = /^( *)([#+\-=])|^( *\d+)([.)])(?= |$)/;

/** One value where Markdown is rendered: it is safe to show, and rendered as it is. */
export function toMarkdown(text: string, maxChars: number = MAX_CHARS.message): string {
  return toSafeText(text, maxChars).replace(MARKDOWN, '\\$&').replace(BLOCK_START, '$1$3\\$2$4');
}
