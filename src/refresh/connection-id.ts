// Which ids of connections the configuration and requests to Airflow may contain, and what is wrong with others.
import { isVisible, MAX_CHARS, toSafeText } from './safe-text.js';

/**
 * The characters that the REST API of Airflow 3 accepts in ids: letters and marks of all languages, digits, `_` and
 * its like, dots and hyphens. Omitted are letters and marks that cannot be seen. Ids are compared by code points and
 * never normalized, as in Airflow. Source: the pattern `^[\w.-]+$` of `ConnectionBody`, which pydantic evaluates with
 * Rust's `\w`. Observed with 3.3.2 and 3.4.0b2. Airflow 2 accepts only ASCII there.
 */
const ID_CHARACTER = '(?!\\p{Default_Ignorable_Code_Point})[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}.\\-]';
/** Airflow's limit, in code points. */
const MAX_CHARACTERS = 200;

/** Slashes are not in an id because, like `.` and `..`, they would change the path of a URL. */
export const CONNECTION_ID = new RegExp(`^(?!\\.{1,2}$)(?:${ID_CHARACTER}){1,${MAX_CHARACTERS}}$`, 'u');

/** The characters of an id, and the wildcards `*` and `?`. */
export const CONNECTION_PATTERN = new RegExp(`^(?!\\.+$)(?:[*?]|${ID_CHARACTER}){1,${MAX_CHARACTERS}}$`, 'u');

const VALID_CHARACTER = new RegExp(`^${ID_CHARACTER}$`, 'u');

/** Whether an id is valid in the configuration and in requests to Airflow. Older connections may have other ids. */
export function isConnectionId(text: string): boolean {
  return CONNECTION_ID.test(text);
}

/**
 * What is wrong with an id, as the end of a sentence, such as `contains a slash`; undefined for a valid id.
 * @param wildcards characters that are valid in addition
 */
export function describeIdProblem(id: string, wildcards = ''): string | undefined {
  const characters = Array.from(id);
  const invalid = new Set(
    characters.filter((character) => !VALID_CHARACTER.test(character) && !wildcards.includes(character)),
  );
  if (invalid.size > 0) return `contains ${listCharacters([...invalid])}`;
  if (characters.length > MAX_CHARACTERS) return `has more than ${MAX_CHARACTERS} characters`;
  if (id === '') return 'is empty';
  if (wildcards === '' ? /^\.{1,2}$/.test(id) : /^\.+$/.test(id)) return 'consists only of dots';
  return undefined;
}

/** For a message about a response that has another id than the requested one: what it has comes from outside. */
export function nameConnection(id: string): string {
  return isConnectionId(id) ? `connection ${id}` : 'another connection';
}

/** An id that may be invalid, for messages. */
export function showId(id: string): string {
  return toSafeText(id, MAX_CHARS.id);
}

const MAX_LISTED = 3;

function listCharacters(characters: readonly string[]): string {
  const names = [...new Set(characters.map(nameCharacter))];
  const listed = names.slice(0, MAX_LISTED);
  if (names.length > MAX_LISTED) return `${listed.join(', ')} and others`;
  return [listed.slice(0, -1).join(', '), listed.at(-1)].filter(Boolean).join(' and ');
}

const NAMES: Readonly<Record<string, string>> = {
  '/': 'a slash',
  '\\': 'a backslash',
  ' ': 'a space',
  '\t': 'a tab',
  '\n': 'a line break',
  '\r': 'a line break',
  '`': 'a backtick',
};

function nameCharacter(character: string): string {
  const name = NAMES[character];
  if (name !== undefined) return name;
  const code = `U+${toHex(character).toUpperCase().padStart(4, '0')}`;
  if (/\p{Cc}/u.test(character)) return `a control character (${code})`;
  if (/\p{Cs}/u.test(character)) return `half of a surrogate pair (${code})`;
  if (!isVisible(character)) return `an invisible character (${code})`;
  return /^[!-~]$/.test(character) ? `\`${character}\`` : `\`${character}\` (${code})`;
}

function toHex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16);
}
