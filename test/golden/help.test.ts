import type { Command } from 'commander';
import { buildProgram } from '../../scripts/program.js';
import { VERSION } from '../../src/version.js';
import { assertGolden } from './assert-golden.js';

function listHelp(command: Command, path: string): string[] {
  command.configureOutput({ getOutHelpWidth: () => 100, getOutHasColors: () => false });
  const help = `$ ${path} --help\n${command.helpInformation()}`;
  return [help, ...command.commands.flatMap((child) => listHelp(child, `${path} ${child.name()}`))];
}

it('the help of every command matches help.txt', () => {
  const program = buildProgram();
  assertGolden('help.txt', listHelp(program, program.name()).join('\n').replaceAll(VERSION, 'VERSION'));
});
