// Fills a virtual environment with pinned packages: by uv, or by pip where uv cannot reach the index.
import { join } from 'node:path';
import type { PythonTools } from './python-tools.js';
import { runCommand } from './run-command.js';

/**
 * Makes the environment and installs the requirements.
 * @throws Error with the installer's last lines and the remedy
 */
export async function installPackages(
  what: { tools: PythonTools; python: string; requirements: string },
  venv: string,
): Promise<void> {
  const { uv } = what.tools;
  await runCommand(uv, ['venv', '--quiet', '--python', what.python, venv]);
  const python = join(venv, 'bin', 'python');
  try {
    const args = ['pip', 'install', '--quiet', '--python', python, '-r', what.requirements];
    await runCommand(uv, args, { timeoutMs: 600_000 });
  } catch {
    // pip knows indexes and certificates of pip's own configuration, which uv does not read; it takes a minute
    const pip = ['-m', 'pip', '--python', python, 'install', '--quiet', '--disable-pip-version-check'];
    await runCommand(join(uv, '..', 'python'), [...pip, '-r', what.requirements], {
      timeoutMs: 1_200_000,
      remedy:
        'is PyPI, or your index (pip or uv configuration), reachable? Try again: nothing half-made is kept',
    });
  }
}
