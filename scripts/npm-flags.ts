// `npm run refresh-once --dry-run` without `--`: npm takes the flag for itself, and the command would write.
import type { Command } from 'commander';

/** Also settings of npm that an .npmrc or CI may set; without them these commands print or check more, and write nothing. */
const SETTINGS_OF_NPM = ['--json', '--offline'];

/**
 * Refuses flags of the command that npm has taken, before anything else is checked: npm leaves their values.
 * @param args the command line
 * @throws CommanderError
 */
export function refuseTakenFlags(program: Command, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const script = env['npm_lifecycle_event'];
  // `npx` passes on what comes after the name of the command.
  if (script === undefined || script === 'npx') return;
  const { command, path } = findCommand(program, args);
  const taken = listTakenFlags(command, args, env);
  if (taken.length === 0) return;
  const words = path[0] === script ? path.slice(1) : path;
  const others = args.length > path.length ? ['…'] : [];
  const spelling = [`npm run -s ${script} --`, ...words, ...taken.map(({ text }) => text), ...others];
  const flags = taken.map(({ flag }) => flag).join(', ');
  command.error(`error: npm took ${flags}, so nothing was done. Write: ${spelling.join(' ')}`, {
    exitCode: 2,
    code: 'taken-by-npm',
  });
}

function findCommand(program: Command, args: readonly string[]): { command: Command; path: string[] } {
  let command = program;
  const path: string[] = [];
  for (const arg of args) {
    const child = command.commands.find((each) => each.name() === arg);
    if (!child) break;
    command = child;
    path.push(arg);
  }
  return { command, path };
}

function listTakenFlags(
  command: Command,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { flag: string; text: string }[] {
  return command.options.flatMap(({ long, flags, required }) => {
    if (!long || SETTINGS_OF_NPM.includes(long)) return [];
    const value = env[`npm_config_${long.slice(2).replaceAll('-', '_')}`];
    const isTaken = value !== undefined && value !== '' && value !== 'false';
    const isGiven = args.some((arg) => arg === long || arg.startsWith(`${long}=`));
    if (!isTaken || isGiven) return [];
    return [{ flag: long, text: required ? flags : long }];
  });
}
