// Builds the product for the end-to-end tests, once per process: a built command starts in half the time, and a built
// worker does not bundle its workflow.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../sandbox/run-command.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/scripts/cli.js', import.meta.url));

let building: Promise<unknown> | undefined;

/** The path of the built command line. With `TEST_IS_BUILT=true`, set by scripts/test, it is already built. */
export async function builtCli(): Promise<string> {
  if (process.env['TEST_IS_BUILT'] !== 'true') {
    building ??= runCommand('npm', ['run', '-s', 'build'], { cwd: ROOT });
    await building;
  }
  return CLI;
}
