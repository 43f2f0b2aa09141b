// Splits the shell commands of the documents into words.

/** A line of a script, with the lines that continue it. */
export interface Statement {
  readonly line: number;
  readonly text: string;
  /** The simple commands in it, without assignments and redirections, then those in `$(…)`. */
  readonly commands: readonly (readonly string[])[];
}

const SUBSTITUTION = String.raw`\$\((?:[^()]|\([^()]*\))*\)`;
/** `<name>` is a placeholder in a document. */
const PART = String.raw`'[^']*'|"(?:\\.|[^"\\])*"|${SUBSTITUTION}|<[a-z][\w -]*>|\\.|[^\s'"\\;|&()<>]`;
const TOKEN = new RegExp(
  [
    String.raw`(?<space>[ \t]+|\\\n)`,
    String.raw`(?<end>\n)`,
    String.raw`(?<comment>#[^\n]*)`,
    String.raw`(?<operator>&&|\|\||[;|&()])`,
    String.raw`(?<redirection>\d?(?:>>?|<(?![<a-z]))(?:&\d|[ \t]*(?:${PART})+))`,
    `(?<word>(?:${PART})+)`,
  ].join('|'),
  'ys',
);

/** @throws Error for what is not supported, such as here-documents */
export function splitScript(script: string, firstLine = 1): Statement[] {
  const statements: Statement[] = [];
  let commands: string[][] = [[]];
  let [start, last] = [0, ''];
  function endStatement(end: number): void {
    const all = [...commands.map(dropAssignments), ...commands.flat().flatMap(findSubstituted)];
    const isEmpty = all.every((command) => command.length === 0);
    const text = script.slice(start, end);
    const line = firstLine + script.slice(0, start + text.search(/\S|$/)).split('\n').length - 1;
    if (!isEmpty)
      statements.push({ line, text: text.trim(), commands: all.filter(({ length }) => length > 0) });
    commands = [[]];
    start = end;
  }
  for (let offset = 0, next = 0; offset < script.length; offset = next) {
    TOKEN.lastIndex = offset;
    const { groups = {}, 0: token } = TOKEN.exec(script) ?? fail(script.slice(offset));
    next = offset + token.length;
    const { space, end, comment, operator, word } = groups;
    if (word !== undefined) commands.at(-1)?.push(word);
    else if (operator !== undefined) commands.push([]);
    else if (end !== undefined && !/^(?:&&|\|\|?)$/.test(last)) endStatement(offset);
    if ([space, end, comment].every((each) => each === undefined)) last = token;
    else if (end !== undefined) last = '';
  }
  endStatement(script.length);
  return statements;
}

function fail(rest: string): never {
  throw new Error(`cannot be read as shell: ${rest.split('\n')[0]}`);
}

function dropAssignments(words: readonly string[]): string[] {
  const first = words.findIndex((word) => !/^\w+=/.test(word));
  return first === -1 ? [] : words.slice(first).map(unquote);
}

function unquote(word: string): string {
  return word
    .replaceAll('\\\n', '')
    .replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/gs, (_, ...[single, double, escaped]) =>
      String(single ?? double ?? escaped),
    );
}

/** The commands in `$(…)`; a single-quoted word has none. */
function findSubstituted(word: string): string[][] {
  const found = word.replaceAll(/'[^']*'/g, '').match(new RegExp(SUBSTITUTION, 'gs')) ?? [];
  return found.flatMap((text) =>
    splitScript(text.slice(2, -1)).flatMap(({ commands }) => commands.map((command) => [...command])),
  );
}
