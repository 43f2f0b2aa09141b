// Installs pinned packages into a virtual environment with uv, or with pip where uv cannot reach the index.
import { join } from 'node:path';
import type { PythonTools } from './python-tools.js';
import { runCommand } from './run-command.js';

/**
 * Creates the environment and installs the requirements.
 * @throws Error with the installer's last lines and a fix
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
    // pip reads the indexes and certificates of its own configuration, which uv does not; it takes a minute
    const pip = ['-m', 'pip', '--python', python, 'install', '--quiet', '--disable-pip-version-check'];
    await runCommand(join(uv, '..', 'python'), [...pip, '-r', what.requirements], {
      timeoutMs: 1_200_000,
      remedy:
        'Check that PyPI, or your package index (pip or uv configuration), is reachable, then retry. No partial installation is kept.',
    });
  }
}
