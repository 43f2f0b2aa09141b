// A copy of the repository, as after a fresh clone, with the packages of this one.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** See scripts/prepare-node.sh. */
const INSTALLED = '.installed-lock.json';

/** The files of the repository, also those that are not committed yet; without those that Git ignores. */
export function listFiles(): string[] {
  const args = ['ls-files', '-z', '-co', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\0');
  return listed.filter((file) => file !== '' && existsSync(join(ROOT, file))).sort();
}

export function copyRepository(copy: string): void {
  for (const file of listFiles()) cpSync(join(ROOT, file), join(copy, file));
  linkPackages(copy);
}

/**
 * Links each package separately: with one link to the whole folder, an installation by `./scripts/quickstart` would
 * empty the developer's folder. The copied lock file shows the script that no installation is needed.
 */
function linkPackages(copy: string): void {
  const folder = join(copy, 'node_modules');
  mkdirSync(folder);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== INSTALLED) symlinkSync(join(ROOT, 'node_modules', name), join(folder, name));
  }
  cpSync(join(ROOT, 'package-lock.json'), join(folder, INSTALLED));
}
