// Checks a shown command against the program that it runs.
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError, type Command } from 'commander';
import { buildProgram } from '../../scripts/program.js';
import { ROOT } from './markdown.js';
import { findCliArguments, findNpmScript, listFlags, type ShownCommand } from './shown-commands.js';

/** What is wrong with a command of this repository; undefined also for other programs. */
export async function checkCommand({
  words,
  shownAs,
}: Pick<ShownCommand, 'words' | 'shownAs'>): Promise<string | undefined> {
  try {
    const script = findNpmScript(words);
    if (script?.taken !== undefined) return `npm takes ${script.taken}: write -- before it`;
    const args = findCliArguments(words);
    if (args !== undefined) return await checkCli(args, shownAs === 'mention');
    if (script !== undefined) return checkNpmScript(script.name);
    return words[0]?.startsWith('./scripts/') ? checkScript(words[0], listFlags(words)) : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function checkCli(args: readonly string[], isMention: boolean): Promise<string | undefined> {
  const problem = await parseCli(args);
  // `…` stands for a value, or for more arguments.
  if (problem && args.at(-1) === '…' && !(await parseCli(args.slice(0, -1)))) return undefined;
  // A mention of an option may do without its value.
  return isMention && problem?.code === 'commander.optionMissingArgument' ? undefined : problem?.message;
}

async function parseCli(args: readonly string[]): Promise<CommanderError | undefined> {
  const program = buildProgram();
  disarm(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? undefined : error;
  }
}

/** Makes the commands throw and do nothing else. */
function disarm(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {}, outputError: () => {} });
  if (command.commands.length === 0) command.action(() => {});
  command.commands.forEach(disarm);
}

function checkNpmScript(name: string): string | undefined {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  return Object.hasOwn(scripts, name) ? undefined : `package.json has no script ${name}`;
}

function checkScript(path: string, flags: readonly string[]): string | undefined {
  const file = join(ROOT, path);
  accessSync(file, constants.X_OK);
  const text = readFileSync(file, 'utf8');
  const unknown = flags.filter((flag) => !new RegExp(String.raw`[[ ]${flag}[\]) =]`).test(text));
  return unknown.length === 0 ? undefined : `${path} has no ${unknown.join(', ')}`;
}
