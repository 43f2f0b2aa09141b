import assert from 'node:assert/strict';
import { CommanderError, type Command } from 'commander';
import { refuseTakenFlags } from '../../scripts/npm-flags.js';
import { buildProgram } from '../../scripts/program.js';

/** The message, or undefined when nothing is refused. */
function refuse(args: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  try {
    refuseTakenFlags(prepare(buildProgram()), args, env);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof CommanderError);
    assert.equal(error.exitCode, 2);
    return error.message;
  }
}

function prepare(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => {} });
  command.commands.forEach(prepare);
  return command;
}

const DRY_RUN = { npm_lifecycle_event: 'refresh-once', npm_config_dry_run: 'true' };

describe('refuseTakenFlags', () => {
  it('refuses --dry-run that npm took', () => {
    assert.equal(
      refuse(['refresh-once'], DRY_RUN),
      'error: npm took --dry-run, so nothing was done. Write: npm run -s refresh-once -- --dry-run',
    );
  });

  it('names the script of another package', () => {
    const env = { ...DRY_RUN, npm_lifecycle_event: 'tokens' };
    assert.match(refuse(['refresh-once'], env) ?? '', /Write: npm run -s tokens -- refresh-once --dry-run$/);
  });

  for (const { title, args, env } of [
    { title: 'a command that has the flag', args: ['refresh-once', '--dry-run'], env: DRY_RUN },
    { title: 'a flag that the command does not have', args: ['status'], env: DRY_RUN },
    {
      title: 'a command that npm did not start',
      args: ['refresh-once'],
      env: { npm_config_dry_run: 'true' },
    },
    { title: 'npx', args: ['refresh-once'], env: { ...DRY_RUN, npm_lifecycle_event: 'npx' } },
    { title: 'a flag that is off', args: ['refresh-once'], env: { ...DRY_RUN, npm_config_dry_run: '' } },
    {
      title: 'settings that an .npmrc may have',
      args: ['doctor'],
      env: { npm_lifecycle_event: 'doctor', npm_config_json: 'true', npm_config_offline: 'true' },
    },
  ]) {
    it(`does not refuse ${title}`, () => assert.equal(refuse(args, env), undefined));
  }

  for (const flag of ['config', 'schedule-id', 'wait', 'now', 'debug']) {
    it(`refuses --${flag} of a command with two words`, () => {
      const env = { npm_lifecycle_event: 'schedule', [`npm_config_${flag.replace('-', '_')}`]: 'x' };
      assert.match(
        refuse(['schedule', 'trigger'], env) ?? '',
        new RegExp(`npm run -s schedule -- trigger --${flag}`),
      );
    });
  }
});
