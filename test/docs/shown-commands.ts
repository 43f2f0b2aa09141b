// The commands that the documents show to users.
import { isScalar, isSeq, parseDocument, visit } from 'yaml';
import { buildProgram } from '../../scripts/program.js';
import type { MarkdownNode, Page } from './markdown.js';
import { splitScript, type Statement } from './shell.js';

export interface ShownCommand {
  readonly file: string;
  readonly line: number;
  readonly words: readonly string[];
  /** In a block of shell commands; whole, but in another text; or only its name and options, as a code span. */
  readonly shownAs: 'script' | 'text' | 'mention';
}

const CLI = 'airflow-ecr-refresh';
const COMMANDS = buildProgram().commands.map((command) => command.name());
const SHELLS = ['bash', 'sh', 'console'];
/** Where a command of ours begins in a text that is not a script, such as a unit of systemd or a crontab. */
const OURS = new RegExp(
  String.raw`(?<![\w/.-])(?:npm run |npx ${CLI} |\./scripts/\w|(?:[\w/.-]*/)?${CLI} (?=[a-z-])|(?:[\w/.-]*/)?node \S*dist/scripts/cli\.js).*`,
  'g',
);
/** A code span that begins with a command, such as `schedule apply` or `status --json`. */
const SHORT = new RegExp(String.raw`^(?:(?:${COMMANDS.join('|')}) --?\w|schedule [a-z]+\b(?!:)).*`, 's');

export function listShownCommands(page: Page): ShownCommand[] {
  return page.nodes.flatMap((node) => {
    if (node.type === 'inlineCode') return listInText(page, node, 0);
    if (node.type !== 'code') return [];
    const { lang } = node;
    if (isScript(node)) {
      return splitBlock(node).flatMap(({ line, commands }) =>
        commands.map((words) => ({ file: page.path, line, words, shownAs: 'script' as const })),
      );
    }
    const text = listInText(page, node, isFenced(page, node) ? 1 : 0);
    return lang === 'yaml' ? [...text, ...listContainerArguments(page, node)] : text;
  });
}

function isFenced({ text }: Page, { position }: MarkdownNode): boolean {
  return /^[`~]{3}/.test(text.slice(position.start.offset));
}

/** The scripts of a page, line by line. */
export function listStatements(page: Page): Statement[] {
  return page.nodes.filter(isScript).flatMap(splitBlock);
}

function isScript({ type, lang }: MarkdownNode): boolean {
  return type === 'code' && SHELLS.includes(lang ?? '');
}

function splitBlock({ value = '', lang, position }: MarkdownNode): Statement[] {
  // In a console block the other lines are output.
  const script = lang === 'console' ? value.replaceAll(/^(?:\$ (.*)|.*)$/gm, '$1') : value;
  return splitScript(script, position.start.line + 1);
}

function listInText({ path }: Page, node: MarkdownNode, offset: number): ShownCommand[] {
  const { value = '', type, position } = node;
  return value.split('\n').flatMap((text, index) => {
    const [short] = (type === 'inlineCode' && SHORT.exec(text)) || [];
    const found =
      short === undefined ? [...text.matchAll(OURS)].map(([command]) => command) : [`${CLI} ${short}`];
    // Nothing to run yet.
    const commands = found.filter((command) => !/^npm run\s*$/.test(command)).flatMap(splitOne);
    const line = position.start.line + offset + index;
    const shownAs = short === undefined ? 'text' : 'mention';
    return commands.map((words) => ({ file: path, line, words, shownAs }));
  });
}

/** Up to an operator or redirection: what follows may be in another language. */
function splitOne(text: string): (readonly string[])[] {
  const command = text.replace(/(?:\s\d?>|[|;&)]).*/s, '').trim();
  return splitScript(command).flatMap(({ commands }) => commands.slice(0, 1));
}

/** `args` of the containers of a Kubernetes object, whose entry point is the command line. */
function listContainerArguments({ path }: Page, { value = '', position }: MarkdownNode): ShownCommand[] {
  const found: ShownCommand[] = [];
  visit(parseDocument(value), {
    Pair(_, { key, value: args }) {
      if (!isScalar(key) || key.value !== 'args' || !isSeq(args)) return;
      const line = position.start.line + value.slice(0, key.range?.[0]).split('\n').length;
      const words = args.items.map((item) => (isScalar(item) ? String(item.value) : ''));
      found.push({ file: path, line, words: [CLI, ...words], shownAs: 'text' });
    },
  });
  return found;
}

/** The arguments for the command line, or undefined for another program. */
export function findCliArguments(words: readonly string[]): readonly string[] | undefined {
  const [program = '', ...rest] = words[0] === 'npx' ? words.slice(1) : words;
  if (program === CLI || program.endsWith(`/${CLI}`)) return rest;
  if (/^(?:.*\/)?node$/.test(program) && rest[0]?.endsWith('dist/scripts/cli.js')) return rest.slice(1);
  const script = findNpmScript(words);
  if (script === undefined || !COMMANDS.includes(script.name)) return undefined;
  return [script.name, ...script.args];
}

export interface NpmScript {
  readonly name: string;
  /** Behind `--`. */
  readonly args: readonly string[];
  /** An argument that npm takes for itself. */
  readonly taken: string | undefined;
}

export function findNpmScript([program, command, ...rest]: readonly string[]): NpmScript | undefined {
  if (program !== 'npm' || (command !== 'run' && command !== 'test')) return undefined;
  const words = rest.filter((word) => word !== '-s' && word !== '--silent');
  const [name = '', ...more] = command === 'test' ? ['test', ...words] : words;
  return { name, args: more.slice(1), taken: more[0] === '--' ? undefined : more[0] };
}

/**
 * The command without values, so that it has one spelling: `status --json --schedule-id`, `npm run build`, `systemctl`.
 */
export function toKey(words: readonly string[]): string {
  const args = findCliArguments(words);
  if (args !== undefined) {
    const path = [args[0], args[0] === 'schedule' ? args[1] : undefined].filter((word) => word !== undefined);
    return [...path, ...listFlags(args)].join(' ');
  }
  const [program = '', subcommand = ''] = words;
  const script = findNpmScript(words);
  if (script) return `npm run ${script.name}`;
  if (program === 'npm' || program === 'npx') return `${program} ${subcommand}`;
  return program.startsWith('./scripts/') ? [program, ...listFlags(words)].join(' ') : program;
}

export function listFlags(words: readonly string[]): string[] {
  return words.flatMap((word) => /^--[\w-]+/.exec(word) ?? []).toSorted();
}
