// Owns the words for what the YAML parser finds wrong: message and remedy for each of its codes.
// Refuses to quote the file.

export const START_FRESH = 'Start from the example: `cp refresh.example.yaml refresh.yaml`';

export interface Words {
  readonly message: string;
  readonly remedy: string;
}

/** Words of our own: the library's messages quote the text, and with it a secret that stands near the fault. */
export function describeUrlProblem(code: string, message: string): Words {
  // Two of its codes stand for faults that look quite different to people.
  if (code === 'BAD_INDENT' && message.startsWith('Flow')) return WORDS['OPEN_BRACKET'];
  if (code === 'MISSING_CHAR' && message.includes('quote')) return WORDS['OPEN_QUOTE'];
  if (code === 'MISSING_CHAR' && message.startsWith('Sequence item')) return WORDS['BAD_INDENT'];
  return Object.hasOwn(WORDS, code) ? WORDS[code as keyof typeof WORDS] : WORDS['OTHER'];
}

/** Whether these are the words for a quote that is not closed. */
export function isOpenQuote(words: Words): boolean {
  return words === WORDS['OPEN_QUOTE'];
}

const NO_YAML = 'this is no valid YAML';
const WORDS = {
  DUPLICATE_KEY: {
    message: 'the same key stands here for a second time',
    remedy: 'Remove one of the two.',
  },
  TAB_AS_INDENT: {
    message: 'a tab indents this line',
    remedy: 'Indent with spaces: YAML knows no tabs there.',
  },
  MULTIPLE_DOCS: {
    message: 'a second YAML document begins here',
    remedy: 'Keep one document in the file: remove `---`.',
  },
  NON_STRING_KEY: {
    message: 'a key is not text',
    remedy: 'Write settings as `key: value`, and put text that begins with { or [ in quotes.',
  },
  TAG_RESOLVE_FAILED: { message: 'tags (`!…`) are not known here', remedy: 'Remove the tag.' },
  RESOURCE_EXHAUSTION: { message: 'lists and mappings are nested too deeply', remedy: `${START_FRESH}.` },
  BAD_SCALAR_START: {
    message: `${NO_YAML}: a value begins with @, % or \``,
    remedy: 'Put the value in quotes.',
  },
  BAD_DQ_ESCAPE: {
    message: `${NO_YAML}: a backslash in double quotes means nothing here`,
    remedy: 'Write it twice, or use single quotes.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: `${NO_YAML}: here is no \`key: value\``,
    remedy: 'Check the colon, and the blank after it.',
  },
  UNEXPECTED_TOKEN: {
    message: `${NO_YAML}: something stands behind the end of a value`,
    remedy: 'Put text with brackets, braces or quotes in it in quotes; else check the brackets.',
  },
  BAD_INDENT: {
    message: `${NO_YAML}: this line is indented otherwise than the settings beside it`,
    remedy: 'Begin all settings of a mapping in the same column.',
  },
  OPEN_BRACKET: {
    message: `${NO_YAML}: a [ or { is not closed`,
    remedy: 'Check the brackets here and in the line above.',
  },
  OPEN_QUOTE: {
    message: `${NO_YAML}: a quote is not closed`,
    remedy: 'Close it where the text ends.',
  },
  OTHER: {
    message: NO_YAML,
    remedy: 'Check indentation, colons, quotes and brackets here and in the line above.',
  },
} as const;
